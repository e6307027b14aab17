#include "apps/bench/bare/server.hpp"

#include "apps/bench/bare/corked_socket.hpp"
#include "libswill/net/websocket/frame.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <msgpack.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace swill::bench::bare {
namespace {

namespace websocket = beast::websocket;

constexpr std::size_t burst_chunk = 64 * 1024;    // written between two turns of the event loop
constexpr std::size_t backlog_limit = 256 * 1024; // a stream waits above this
constexpr std::size_t message_limit = 1024 * 1024;
constexpr std::uint64_t end_of_stream = 1;
constexpr std::uint8_t whole_binary = 0x82; // FIN, and the opcode of a binary message

/// What the bare server understands of a request: data is nil, one integer, or an array of two.
struct request {
  std::uint64_t seq = 0;
  std::int64_t data[2] = {0, 0};
  std::string_view rpc; // points into the frame
  std::uint64_t type = 0;
};

struct string_sink {
  std::string& out;
  void write(const char* data, std::size_t size) { out.append(data, size); }
};
using packer = msgpack::packer<string_sink>;

// Reads the envelope in one pass, without building msgpack objects.
class envelope_visitor : public msgpack::null_visitor {
public:
  bool start_array(std::uint32_t size) {
    ++depth_;
    if (depth_ == 1) return size >= 3;
    return depth_ == 2 && field_ == 1 && size == 2;
  }
  bool end_array() {
    --depth_;
    return true;
  }
  bool start_array_item() { return true; }
  bool end_array_item() {
    ++(depth_ == 1 ? field_ : item_);
    return true;
  }
  bool visit_positive_integer(std::uint64_t value) {
    switch (field_) {
      case 0: result_.seq = value; return true;
      case 1: result_.data[item_ & 1] = static_cast<std::int64_t>(value); return true;
      case 3: result_.type = value; return true;
      default: return field_ > 4;
    }
  }
  bool visit_negative_integer(std::int64_t value) {
    if (field_ != 1) return false;
    result_.data[item_ & 1] = value;
    return true;
  }
  bool visit_str(const char* text, std::uint32_t size) {
    if (field_ == 2) result_.rpc = {text, size};
    return field_ == 2;
  }
  void parse_error(std::size_t, std::size_t) { failed_ = true; }
  void insufficient_bytes(std::size_t, std::size_t) { failed_ = true; }

  bool complete() const { return !failed_ && depth_ == 0 && field_ >= 3 && !result_.rpc.empty(); }
  const request& result() const { return result_; }

private:
  request result_;
  unsigned depth_ = 0;
  unsigned field_ = 0;
  unsigned item_ = 0;
  bool failed_ = false;
};

/// Nothing when `frame` is no request of that kind.
std::optional<request> decode(std::string_view frame) {
  envelope_visitor visitor;
  std::size_t offset = 0;
  if (!msgpack::parse(frame.data(), frame.size(), offset, visitor)) return std::nullopt;
  if (offset != frame.size() || !visitor.complete()) return std::nullopt;
  return visitor.result();
}

/// Appends `[seq, value, 0, nil, nil]`.
void encode_message(std::string& out, std::uint64_t seq, std::int64_t value) {
  string_sink sink{out};
  packer(sink).pack_array(5).pack_uint64(seq).pack_int64(value).pack_uint8(0).pack_nil().pack_nil();
}

/// Appends `[seq, nil, 1, nil, nil]`.
void encode_end_of_stream(std::string& out, std::uint64_t seq) {
  string_sink sink{out};
  packer(sink).pack_array(5).pack_uint64(seq).pack_nil().pack_uint8(1).pack_nil().pack_nil();
}

/// One connection. It lives as long as an operation on its socket is pending.
class session : public std::enable_shared_from_this<session> {
public:
  session(tcp_socket socket, bool own_frames) : stream_(std::move(socket)), own_frames_(own_frames) {
    stream_.read_message_max(message_limit);
    stream_.write_buffer_bytes(64); // Beast writes control frames only; the default 4 KiB would lie idle
    stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::sec_websocket_protocol, "swill.v1");
    }));
  }
  void start() {
    out().set_owner(weak_from_this());
    stream_.async_accept([me = shared_from_this()](error_code error) mutable {
      if (error) return;
      me->own_frames_ ? read_own_frames(std::move(me)) : read(std::move(me));
    });
  }

private:
  using self = std::shared_ptr<session>;

  // The one shared_ptr of the read loop is handed from operation to operation: no reference counting per message. Dropping it closes the connection.
  static void read(self me) {
    auto& s = *me;
    s.stream_.async_read(s.buffer_, [me = std::move(me)](error_code error, std::size_t) mutable {
      if (error || me->out().failed()) return;
      const auto bytes = me->buffer_.data();
      if (!me->on_request({static_cast<const char*>(bytes.data()), bytes.size()})) return;
      me->buffer_.consume(bytes.size());
      read(std::move(me));
    });
  }
  static void read_own_frames(self me) {
    auto& s = *me;
    s.out().flush();
    s.out().socket().async_wait(tcp_socket::wait_read, [me = std::move(me)](error_code error) mutable {
      if (!error && me->take_frames()) read_own_frames(std::move(me));
    });
  }
  bool take_frames() {
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
      if (header.first != whole_binary || !header.masked)
        return false; // the generator sends nothing else but its close
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
  bool on_request(std::string_view message) {
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
  void on_stream_item(const request& r) {
    if (r.type != end_of_stream) {
      sums_[r.seq] += r.data[0];
      return;
    }
    const auto sum = sums_.extract(r.seq);
    reply(r.seq, sum ? sum.mapped() : 0);
  }
  void send_burst(std::uint64_t seq, std::int64_t next, std::int64_t end) {
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
  void reply(std::uint64_t seq, std::int64_t value) {
    const auto frame = out().begin_frame();
    encode_message(out().output(), seq, value);
    out().end_frame(frame);
  }

  corked_socket& out() { return stream_.next_layer(); }

  // `false` leaves permessage-deflate out at compile time.
  websocket::stream<corked_socket, false> stream_;
  beast::flat_buffer buffer_;
  bool own_frames_;
  std::string rest_; // with own_frames_: the beginning of a frame whose end has not come
  std::unordered_map<std::uint64_t, std::int64_t> sums_; // open sum_stream requests, by seq
};

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
