#include "libswill/client/detail/socket_line_impl.hpp"
#include "libswill/client/errors.hpp"

#include <cerrno>
#include <system_error>

#include <sys/socket.h>

// What a client's WebSocket reads.

namespace swill::client_detail {

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr int reads_per_turn = 4; // then the output and other connections get their turn
constexpr std::size_t keep_capacity = 1024 * 1024;

} // namespace

void socket_line::wait_readable() {
  const bool wanted = phase_ == phase::upgrading || phase_ == phase::open || phase_ == phase::closing;
  if (reading_ || paused_ || !wanted) return;
  reading_ = true;
  sockets_->socket.async_wait(sockets::stream::wait_read,
                              [self = shared_from_this()](const boost::system::error_code& ec) {
                                net::asio_loop::turn t{self->loop_};
                                self->reading_ = false;
                                if (ec || self->phase_ == phase::ended) return;
                                self->guarded([&] { self->on_readable(); });
                              });
}

void socket_line::on_readable() {
  receive();
  wait_readable();
}

void socket_line::receive() {
  for (int i = 0; i < reads_per_turn && !paused_ && phase_ != phase::ended; ++i) {
    std::byte* to = input_.reserve(read_size);
    const std::size_t room = input_.capacity() - input_.size();
    const ssize_t n = ::recv(sockets_->socket.native_handle(), to, room, 0);
    if (n == 0) return on_peer_gone("");
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      return on_peer_gone(std::generic_category().message(errno).c_str());
    }
    input_.commit(static_cast<std::size_t>(n));
    heard_ = loop_.now();
    pinged_ = false;
    if (phase_ == phase::upgrading) {
      read_upgrade(false);
    } else {
      take_frames();
    }
    if (static_cast<std::size_t>(n) < room) return;
  }
}

void socket_line::on_peer_gone(const char* how) {
  if (phase_ == phase::upgrading) return read_upgrade(true);
  if (phase_ != phase::open) return die(why_);
  die({1006, how, true});
}

/// All frames that are whole; then the input is moved up, once.
void socket_line::take_frames() {
  std::size_t taken = 0;
  frame f;
  frame_status status = frame_status::whole;
  while (!paused_ && (phase_ == phase::open || phase_ == phase::closing)) {
    status = read_frame(input_.view().subspan(taken), options_.message_size, f);
    if (status != frame_status::whole) break;
    taken += f.size;
    if ((f.op & 8U) != 0) {
      take_control(f);
    } else {
      take_data(f);
    }
  }
  input_.consume(taken);
  if (input_.empty() && input_.capacity() > keep_capacity) input_.release();
  if (status == frame_status::broken) violation(1002, "protocol error");
  if (status == frame_status::too_large) violation(1009, "message too big");
}

void socket_line::take_data(const frame& f) {
  constexpr unsigned text = 1;
  if ((f.op != 0) == fragments_) return violation(1002, "fragments out of order");
  if (f.op == text) return violation(1003, "text is not spoken here");
  if (message_.size() + f.payload.size() > options_.message_size) return violation(1009, "message too big");
  fragments_ = !f.fin;
  if (!f.fin || !message_.empty()) message_.append(f.payload);
  if (!f.fin || phase_ != phase::open || sink_ == nullptr) return;
  if (message_.empty()) return sink_->on_message(f.payload);
  buffer whole;
  whole.swap(message_);
  sink_->on_message(whole.view());
}

void socket_line::take_control(const frame& f) {
  constexpr unsigned close_op = 8;
  constexpr unsigned ping_op = 9;
  constexpr unsigned pong_op = 10;
  if (f.op == close_op) return take_close(f.payload);
  if (phase_ != phase::open) return;
  if (f.op == ping_op) append_frame(pong_op, f.payload);
  // Pings of check_ping have no payload, those of ping() have one.
  if (f.op == pong_op && !f.payload.empty() && sink_ != nullptr) sink_->on_pong();
}

void socket_line::take_close(bytes_view payload) {
  if (phase_ == phase::closing) return die(why_);
  if (payload.size() == 1) return violation(1002, "protocol error");
  close_reason why{1005, {}, true};
  if (payload.size() >= 2) {
    why.code = std::to_integer<int>(payload[0]) << 8 | std::to_integer<int>(payload[1]);
    why.reason = as_text(payload.subspan(2));
  }
  append_frame(8, payload.first(std::min<std::size_t>(payload.size(), 2)));
  end_after_output(std::move(why));
}

void socket_line::violation(int code, std::string_view reason) {
  if (phase_ != phase::open) return die(why_);
  append_close(code, reason);
  end_after_output({code, std::string{reason}, false});
}

} // namespace swill::client_detail
