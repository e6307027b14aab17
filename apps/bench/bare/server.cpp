#include "apps/bench/bare/server.hpp"

#include "apps/bench/bare/corked_socket.hpp"
#include "apps/bench/bare/envelope.hpp"
#include "libswill/net/websocket/frame.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <unordered_map>

namespace swill::bench::bare {
namespace {

namespace websocket = beast::websocket;

constexpr std::size_t burst_chunk = 64 * 1024;    // written between two turns of the event loop
constexpr std::size_t backlog_limit = 256 * 1024; // a stream waits above this
constexpr std::size_t message_limit = 1024 * 1024;
constexpr std::uint64_t end_of_stream = 1;
constexpr std::uint8_t whole_binary = 0x82; // FIN, and the opcode of a binary message

/// One connection. It lives as long as an operation on its socket is pending.
class session : public std::enable_shared_from_this<session> {
public:
  session(tcp_socket socket, bool own_frames);
  void start();

private:
  using self = std::shared_ptr<session>;

  static void read(self me);
  static void read_own_frames(self me);
  bool take_frames();
  bool on_request(std::string_view message);
  void on_stream_item(const request& r);
  void send_burst(std::uint64_t seq, std::int64_t next, std::int64_t end);
  void reply(std::uint64_t seq, std::int64_t value);

  corked_socket& out() { return stream_.next_layer(); }

  // `false` leaves permessage-deflate out at compile time.
  websocket::stream<corked_socket, false> stream_;
  beast::flat_buffer buffer_;
  bool own_frames_;
  std::string rest_; // with own_frames_: the beginning of a frame whose end has not come
  std::unordered_map<std::uint64_t, std::int64_t> sums_; // open sum_stream requests, by seq
};

session::session(tcp_socket socket, bool own_frames) : stream_(std::move(socket)), own_frames_(own_frames) {
  stream_.read_message_max(message_limit);
  stream_.write_buffer_bytes(64); // Beast writes control frames only; the default 4 KiB would lie idle
  stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(beast::http::field::sec_websocket_protocol, "swill.v1");
  }));
}

void session::start() {
  out().set_owner(weak_from_this());
  stream_.async_accept([me = shared_from_this()](error_code error) mutable {
    if (error) return;
    me->own_frames_ ? read_own_frames(std::move(me)) : read(std::move(me));
  });
}

// The one shared_ptr of the read loop is handed from operation to operation: no reference counting per message. Dropping it closes the connection.
void session::read(self me) {
  auto& s = *me;
  s.stream_.async_read(s.buffer_, [me = std::move(me)](error_code error, std::size_t) mutable {
    if (error || me->out().failed()) return;
    const auto bytes = me->buffer_.data();
    if (!me->on_request({static_cast<const char*>(bytes.data()), bytes.size()})) return;
    me->buffer_.consume(bytes.size());
    read(std::move(me));
  });
}

void session::read_own_frames(self me) {
  auto& s = *me;
  s.out().flush();
  s.out().socket().async_wait(tcp_socket::wait_read, [me = std::move(me)](error_code error) mutable {
    if (!error && me->take_frames()) read_own_frames(std::move(me));
  });
}

bool session::take_frames() {
  static std::array<std::byte, 256 * 1024> input; // one for all connections: there is one thread
  std::memcpy(input.data(), rest_.data(), rest_.size());
  auto* at = input.data();
  const auto got = ::recv(out().socket().native_handle(), at + rest_.size(), input.size() - rest_.size(), 0);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  auto* const end = at + rest_.size() + got;
  for (;;) {
    const bytes_view left(at, end);
    const auto header = swill::net::websocket::read_header(left);
    if (header.size == 0 || left.size() - header.size < header.payload) break;
    if (header.first != whole_binary || !header.masked) return false; // the generator sends nothing else but its close
    at += header.size;
    std::uint32_t mask;
    std::memcpy(&mask, at - sizeof mask, sizeof mask);
    swill::net::websocket::copy_masked(at, at, header.payload, mask);
    if (!on_request(as_text({at, header.payload}))) return false;
    at += header.payload;
  }
  rest_.assign(as_text({at, end}));
  return !out().failed();
}

/// False for what no generator sends here.
bool session::on_request(std::string_view message) {
  const auto r = decode(message);
  if (!r) return false;
  if (r->rpc == "add") {
    reply(r->seq, r->data[0] + r->data[1]);
  } else if (r->rpc == "sum_stream") {
    on_stream_item(*r);
  } else if (r->rpc == "burst") {
    send_burst(r->seq, 0, r->data[0]);
  } else {
    return false;
  }
  return true;
}

void session::on_stream_item(const request& r) {
  if (r.type != end_of_stream) {
    sums_[r.seq] += r.data[0];
    return;
  }
  const auto sum = sums_.extract(r.seq);
  reply(r.seq, sum ? sum.mapped() : 0);
}

void session::send_burst(std::uint64_t seq, std::int64_t next, std::int64_t end) {
  if (out().failed()) return;
  for (const auto limit = out().backlog() + burst_chunk; next < end && out().backlog() < limit; ++next)
    reply(seq, next);
  if (next == end) {
    const auto frame = out().begin_frame();
    encode_end_of_stream(out().output(), seq);
    out().end_frame(frame);
    return out().flush();
  }
  out().flush();
  auto resume = [me = shared_from_this(), seq, next, end] { me->send_burst(seq, next, end); };
  if (out().backlog() > backlog_limit) return out().on_drained(std::move(resume));
  asio::post(out().get_executor(), std::move(resume));
}

void session::reply(std::uint64_t seq, std::int64_t value) {
  const auto frame = out().begin_frame();
  encode_message(out().output(), seq, value);
  out().end_frame(frame);
}

void accept_next(tcp_acceptor& acceptor, bool own_frames) {
  acceptor.async_accept([&acceptor, own_frames](error_code error, tcp_socket socket) {
    if (!error) std::make_shared<session>(std::move(socket), own_frames)->start();
    accept_next(acceptor, own_frames);
  });
}

} // namespace

int serve(std::uint16_t port, bool own_frames) {
  asio::io_context io{1}; // one thread: Asio leaves its locks out
  tcp_acceptor acceptor(io, {asio::ip::address_v4::loopback(), port});
  accept_next(acceptor, own_frames);
  io.run();
  return 0;
}

} // namespace swill::bench::bare
