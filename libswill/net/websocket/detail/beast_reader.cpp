#include "libswill/net/websocket/detail/beast_reader.hpp"

#include "libswill/base/utf8.hpp"
#include "libswill/net/websocket/detail/fed_layer.hpp"
#include "libswill/net/websocket/upgrade.hpp"

#include <array>
#include <boost/beast/websocket/stream.hpp>
#include <stdexcept>

namespace swill::net::websocket::detail {

namespace beast = boost::beast;
namespace http = beast::http;
namespace ws = beast::websocket;

namespace {

/// Beast's streams want an executor; nothing ever runs on this one.
boost::asio::io_context& no_io() {
  static auto& never_run = *new boost::asio::io_context; // outlives the threads that keep a reader
  return never_run;
}

/// What a thread keeps of each role.
std::unique_ptr<beast_reader>& spare(role end) {
  thread_local std::array<std::unique_ptr<beast_reader>, 2> spares;
  return spares[static_cast<std::size_t>(end)];
}

} // namespace

// Without permessage-deflate: a small frame that declares a huge length ends the process in Boost 1.74 and 1.81.
struct beast_reader::stream {
  ws::stream<fed_layer, false> ws;
};

beast_reader::beast_reader(role end) : stream_(new stream{ws::stream<fed_layer, false>{no_io()}}), end_(end) {
  open(end);
}

beast_reader::~beast_reader() = default;

// The connection's own upgrade is over, and Beast's stream begins with one: it gets one that nobody sees.
void beast_reader::open(role end) {
  auto& s = stream_->ws;
  buffer unseen;
  buffer answer;
  codec_buffers p{.end = end, .output = &unseen};
  s.next_layer().work_for(p, true);
  boost::system::error_code ec;
  if (end == role::server) {
    http::request<http::empty_body> request{http::verb::get, "/", 11};
    request.set(http::field::host, "localhost");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
    s.accept(request, ec);
  } else {
    s.set_option(ws::stream_base::decorator([&](ws::request_type& request) {
      const auto key = request[http::field::sec_websocket_key];
      append_switching_protocols(answer, {key.data(), key.size()}, {}, {});
      p.input = answer.view();
    }));
    s.handshake("localhost", "/", ec);
    s.set_option(ws::stream_base::decorator([](ws::request_type&) {}));
  }
  if (ec) throw std::runtime_error("Beast's own upgrade: " + ec.message());
}

std::unique_ptr<beast_reader> beast_reader::take(codec_buffers& p, std::size_t message_limit) {
  std::unique_ptr<beast_reader> r = std::move(spare(p.end));
  if (r == nullptr) r.reset(new beast_reader{p.end});
  r->limit_ = message_limit;
  r->stream_->ws.read_message_max(message_limit); // which takes 0 for no limit
  r->stream_->ws.next_layer().work_for(p);
  return r;
}

void beast_reader::give_back(std::unique_ptr<beast_reader> r) noexcept { spare(r->end_) = std::move(r); }

bool beast_reader::ready() const noexcept { return held_back_ || stream_->ws.next_layer().ready(limit_); }

bool beast_reader::in_message() const noexcept { return held_back_ || stream_->ws.next_layer().in_message(); }

bool beast_reader::is_text() const noexcept { return stream_->ws.got_text(); }

bool beast_reader::would_start(const frame_header& h, std::size_t input, std::size_t message_limit) noexcept {
  return fed_layer::would_start(h, input, message_limit);
}

// Close codes are judged by RFC 6455 §7.4.2 and IANA's registry: Beast takes 1014 for reserved, and 5000 and above for an application's.
read_status beast_reader::read(std::byte* to, std::size_t room, std::size_t& got) {
  auto& s = stream_->ws;
  boost::system::error_code ec;
  got = 0;
  held_back_ = false;
  try {
    got = s.read_some(boost::asio::mutable_buffer(to, room), ec);
  } catch (const starved&) {
    return read_status::starved;
  }
  if (!ec && s.is_message_done()) return read_status::done;
  held_back_ = got == room; // Beast may have read more of the frame than there was room for
  if (!ec) return read_status::more;
  auto& layer = s.next_layer();
  if (ec == ws::error::closed && layer.close_code() >= 5000) {
    layer.rewrite_close(1002);
    why_ = {1002, "bad close code", false};
  } else if (ec == ws::error::closed) {
    const auto& reason = s.reason();
    const int code = reason.code == ws::close_code::none ? 1005 : static_cast<int>(reason.code);
    why_ = {code, std::string{reason.reason.data(), reason.reason.size()}, true};
  } else if (ec == ws::error::bad_close_code && layer.close_code() == 1014 && valid_utf8(layer.close_reason())) {
    layer.rewrite_close(1014);
    why_ = {1014, layer.close_reason(), true};
  } else if (ec == ws::error::message_too_big) {
    why_ = {1009, "message too big", false};
  } else if (ec == ws::error::bad_frame_payload) {
    why_ = {1007, "invalid UTF-8", false};
  } else {
    why_ = {1002, ec.message(), false};
  }
  return read_status::closed;
}

} // namespace swill::net::websocket::detail
