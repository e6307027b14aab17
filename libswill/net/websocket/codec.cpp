#include "libswill/net/websocket/codec.hpp"

#include "libswill/base/utf8.hpp"
#include "libswill/net/websocket/detail/fed_layer.hpp"

#include <algorithm>
#include <boost/beast/websocket/stream.hpp>

namespace swill::net::websocket {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// Without permessage-deflate: a small frame that declares a huge length ends the process in Boost 1.74 and 1.81.
struct codec::stream {
  websocket::stream<detail::fed_layer, false> ws;
};

codec::codec(boost::asio::io_context& io, std::size_t message_limit)
    : stream_(new stream{websocket::stream<detail::fed_layer, false>{io}}),
      limit_(std::max<std::size_t>(message_limit, 1)) {
  stream_->ws.read_message_max(limit_); // which takes 0 for no limit
}

codec::~codec() = default;

bool codec::accept(std::string_view key, std::string_view subprotocol, const header_list& headers, buffer& output) {
  // Beast answers a request, of which only the key matters by now.
  http::request<http::empty_body> request{http::verb::get, "/", 11};
  request.set(http::field::host, "localhost");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::connection, "upgrade");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, beast::string_view{key.data(), key.size()});

  auto& ws = stream_->ws;
  ws.set_option(websocket::stream_base::decorator([&](websocket::response_type& response) {
    response.set(http::field::server, "swill");
    if (!subprotocol.empty())
      response.set(http::field::sec_websocket_protocol, beast::string_view{subprotocol.data(), subprotocol.size()});
    for (const auto& [name, value] : headers) response.insert(name, value);
  }));
  last_pong none;
  ws.next_layer().feed({}, output, 0, none);
  boost::system::error_code ec;
  ws.accept(request, ec);
  ws.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
  return !ec;
}

void codec::feed(bytes_view input, buffer& output, std::size_t sent, last_pong& pong) noexcept {
  stream_->ws.next_layer().feed(input, output, sent, pong);
}

std::size_t codec::left() const noexcept { return stream_->ws.next_layer().left(); }

bool codec::ready() const noexcept { return held_back_ || stream_->ws.next_layer().ready(limit_); }

bool codec::in_message() const noexcept { return stream_->ws.next_layer().in_message(); }

bool codec::is_text() const noexcept { return stream_->ws.got_text(); }

void codec::mute() noexcept { stream_->ws.next_layer().mute(); }

// Close codes are judged by RFC 6455 §7.4.2 and IANA's registry: Beast takes 1014 for reserved, and 5000 and above for an application's.
codec::status codec::read(std::byte* to, std::size_t room, std::size_t& got) {
  auto& ws = stream_->ws;
  boost::system::error_code ec;
  got = 0;
  held_back_ = false;
  try {
    got = ws.read_some(boost::asio::mutable_buffer(to, room), ec);
  } catch (const detail::starved&) {
    return status::starved;
  }
  if (!ec && ws.is_message_done()) return status::done;
  held_back_ = got == room; // Beast may have read more of the frame than there was room for
  if (!ec) return status::more;
  auto& layer = ws.next_layer();
  if (ec == websocket::error::closed && layer.close_code() >= 5000) {
    layer.rewrite_close(1002);
    why_ = {1002, "bad close code", false};
  } else if (ec == websocket::error::closed) {
    const auto& reason = ws.reason();
    const int code = reason.code == websocket::close_code::none ? 1005 : static_cast<int>(reason.code);
    why_ = {code, std::string{reason.reason.data(), reason.reason.size()}, true};
  } else if (ec == websocket::error::bad_close_code && layer.close_code() == 1014 && valid_utf8(layer.close_reason())) {
    layer.rewrite_close(1014);
    why_ = {1014, layer.close_reason(), true};
  } else if (ec == websocket::error::message_too_big) {
    why_ = {1009, "message too big", false};
  } else if (ec == websocket::error::bad_frame_payload) {
    why_ = {1007, "invalid UTF-8", false};
  } else {
    why_ = {1002, ec.message(), false};
  }
  return status::closed;
}

} // namespace swill::net::websocket
