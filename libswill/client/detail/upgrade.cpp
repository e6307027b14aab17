#include "libswill/client/detail/upgrade.hpp"

#include "libswill/base/encoding.hpp"
#include "libswill/base/random.hpp"
#include "libswill/client/detail/rejection.hpp"
#include "libswill/client/errors.hpp"
#include "libswill/net/websocket/upgrade.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>

namespace swill::client_detail {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::string_view subprotocol = "swill.v1";

std::string random_key() {
  std::array<std::byte, 16> nonce;
  fill_random(nonce.data(), nonce.size());
  return to_base64(nonce);
}

void check_header(const std::string& name, const std::string& text) {
  if (!header_fields::may_travel(name, text))
    throw connect_error(connect_error::kind::bad_url, "header '" + name + "' has characters that no header may have");
}

/// An alert, or a handshake, of any version (RFC 8446 §5.1).
bool begins_like_tls(bytes_view input) {
  constexpr std::string_view alert = "\x15\x03", handshake = "\x16\x03";
  const auto text = as_text(input);
  return text.starts_with(alert) || text.starts_with(handshake);
}

std::string_view as_view(beast::string_view s) { return {s.data(), s.size()}; }

} // namespace

struct upgrade::parser {
  http::response_parser<http::string_body> http;
};

upgrade::upgrade(const endpoint& to, const header_list& headers)
    : is_encrypted_(to.tls), target_(to.target), key_(random_key()), parser_(std::make_unique<parser>()) {
  constexpr std::uint32_t largest_head = 64 * 1024;
  constexpr std::uint64_t largest_body = 64 * 1024;
  parser_->http.header_limit(largest_head);
  parser_->http.body_limit(largest_body);
  parser_->http.eager(true);

  const auto line = [this](std::string_view name, std::string_view text) {
    ((request_ += name) += ": ") += text, request_ += "\r\n";
  };
  request_ = "GET " + to.target + " HTTP/1.1\r\n";
  line("Host", to.authority);
  line("Upgrade", "websocket");
  line("Connection", "Upgrade");
  line("Sec-WebSocket-Key", key_);
  line("Sec-WebSocket-Version", "13");
  line("Sec-WebSocket-Protocol", subprotocol);
  for (const auto& [name, text] : headers) {
    check_header(name, text);
    line(name, text);
  }
  request_ += "\r\n";
}

upgrade::~upgrade() = default;

bool upgrade::read(buffer& input, bool at_end) {
  auto& p = parser_->http;
  boost::system::error_code ec;
  if (!is_encrypted_ && !p.got_some() && begins_like_tls(input.view()))
    throw connect_error(connect_error::kind::protocol, "what answered speaks TLS; a URL of wss:// may be right");
  if (!input.empty()) input.consume(p.put(boost::asio::const_buffer(input.data(), input.size()), ec));
  if (ec == http::error::need_more) ec = {};
  if (!ec && at_end && !p.is_done()) {
    reject_if_refused();
    throw connect_error(connect_error::kind::unreachable,
                        std::string{"the connection ended during the handshake"} +
                            (is_encrypted_ ? "" : "; a port of TLS ends it so, and then a URL of wss:// is right"));
  }
  if (ec == http::error::body_limit) reject();
  if (ec) throw connect_error(connect_error::kind::protocol, "what answered does not speak HTTP: " + ec.message());
  if (!p.is_done()) return false;
  check();
  return true;
}

void upgrade::check() const {
  const auto& response = parser_->http.get();
  if (response.result_int() != 101) reject();
  const auto fail = [](const char* why) { throw connect_error(connect_error::kind::protocol, why); };
  if (!beast::iequals(response[http::field::upgrade], "websocket")) fail("the server did not upgrade to websocket");
  if (!http::token_list{response[http::field::connection]}.exists("upgrade"))
    fail("the server did not upgrade the connection");
  if (response.count(http::field::sec_websocket_accept) != 1 ||
      as_view(response[http::field::sec_websocket_accept]) != net::websocket::accept_of(key_))
    fail("Sec-WebSocket-Accept does not fit our key");
  if (as_view(response[http::field::sec_websocket_protocol]) != subprotocol)
    fail("the server did not agree on the subprotocol swill.v1");
  if (!response[http::field::sec_websocket_extensions].empty())
    fail("the server wants an extension that was not offered");
}

void upgrade::reject_if_refused() const {
  const auto& p = parser_->http;
  if (p.is_header_done() && p.get().result_int() != 101) reject();
}

void upgrade::reject() const {
  const auto& response = parser_->http.get();
  throw rejected_upgrade({.status = static_cast<int>(response.result_int()),
                          .body = response.body(),
                          .location = as_view(response[http::field::location]),
                          .target = target_});
}

header_list upgrade::headers() const {
  header_list all;
  for (const auto& field : parser_->http.get()) {
    all.emplace_back(std::string{as_view(field.name_string())}, std::string{as_view(field.value())});
  }
  return all;
}

} // namespace swill::client_detail
