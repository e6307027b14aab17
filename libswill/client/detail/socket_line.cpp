#include "libswill/client/detail/socket_line.hpp"

#include "libswill/client/detail/socket_line_impl.hpp"
#include "libswill/client/errors.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace swill::client_detail {

namespace {

constexpr unsigned binary_op = 2;
constexpr unsigned close_op = 8;
constexpr unsigned ping_op = 9;
constexpr std::size_t compact_after = 256 * 1024;

} // namespace

socket_line::socket_line(net::asio_loop& l, const client_options& o, line_sink& s)
    : loop_(l), options_(o), sink_(&s), sockets_(std::make_unique<sockets>(l, o.look_up)) {}

socket_line::~socket_line() = default;

// --- output

buffer& socket_line::begin_message() {
  message_at_ = begin_masked(output_);
  return output_;
}

void socket_line::end_message() {
  if (phase_ != phase::open) return output_.truncate(message_at_);
  end_masked(output_, message_at_, binary_op, masks_.next());
  loop_.at_turn_end(*this);
}

void socket_line::append_frame(unsigned op, bytes_view payload) {
  const std::size_t at = begin_masked(output_);
  output_.append(payload);
  end_masked(output_, at, op, masks_.next());
  loop_.at_turn_end(*this);
}

void socket_line::append_close(int code, std::string_view reason) {
  constexpr std::size_t longest_reason = 123;
  reason = cut_text(reason, longest_reason);
  buffer payload;
  payload.push_back(static_cast<std::byte>(static_cast<unsigned>(code) >> 8U));
  payload.push_back(static_cast<std::byte>(static_cast<unsigned>(code) & 0xffU));
  payload.append(as_bytes(reason));
  append_frame(close_op, payload.view());
}

void socket_line::ping() {
  if (phase_ == phase::open) append_frame(ping_op, as_bytes("ping"));
}

void socket_line::on_turn_end() noexcept {
  if (phase_ == phase::ended) return;
  const auto keep = shared_from_this();
  guarded([this] { flush(); });
}

void socket_line::flush() {
  if (backlog() >= options_.send_buffer) was_full_ = true; // connection::is_congested; only here does it fall
  while (!writing_ && backlog() != 0) {
    const ssize_t n = ::send(sockets_->socket.native_handle(), output_.data() + sent_, backlog(), MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable();
    } else if (errno != EINTR) {
      // The peer may have said why before it went: what it sent is still there to be read.
      output_.clear();
      sent_ = 0;
      if (phase_ != phase::open && phase_ != phase::upgrading) return die(why_);
      break;
    }
  }
  on_flushed();
}

void socket_line::wait_writable() {
  if (sent_ >= compact_after && sent_ >= backlog()) { // so that moving costs no more than sending
    output_.consume(sent_);
    sent_ = 0;
  }
  writing_ = true;
  sockets_->socket.async_wait(sockets::stream::wait_write,
                              [self = shared_from_this()](const boost::system::error_code& ec) {
                                net::asio_loop::turn t{self->loop_};
                                self->writing_ = false;
                                if (ec || self->phase_ == phase::ended) return;
                                self->guarded([&] { self->flush(); });
                              });
}

void socket_line::on_flushed() {
  if (backlog() == 0) {
    sent_ = 0;
    output_.clear();
    if (phase_ == phase::ending) return die(why_);
  }
  if (phase_ != phase::open || !was_full_ || backlog() > options_.send_buffer / 2) return;
  was_full_ = false;
  if (sink_ != nullptr) sink_->on_writable();
}

// --- reading

void socket_line::pause_reading(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  if (paused) return;
  // Never from within the caller: it may be at its items right now.
  loop_.post([self = shared_from_this()] {
    self->heard_ = self->loop_.now();
    self->guarded([&] { self->take_frames(); });
    self->wait_readable();
  });
}

// --- time

void socket_line::on_timer() {
  const auto keep = shared_from_this();
  if (phase_ < phase::open) {
    return fail(std::make_exception_ptr(
        connect_error(connect_error::kind::timed_out, "no connection within the connect timeout")));
  }
  if (phase_ != phase::open) return die(why_);
  check_ping();
}

void socket_line::check_ping() {
  if (paused_) heard_ = loop_.now(); // whatever came, we did not look
  if (pinged_) return die({1006, "no answer to a ping", false});
  const clock_time due = heard_ + options_.ping_interval;
  if (loop_.now() < due) return loop_.set_timer(*this, due);
  pinged_ = true;
  append_frame(ping_op, {});
  loop_.set_timer(*this, loop_.now() + options_.ping_timeout);
}

// --- the end

void socket_line::close(int code, std::string_view reason) {
  if (phase_ != phase::open) return;
  append_close(code, reason);
  why_ = {code, std::string{reason}, false};
  phase_ = phase::closing;
  loop_.set_timer(*this, loop_.now() + options_.close_timeout);
  pause_reading(false); // the server's half may stand behind what was held back
}

void socket_line::abandon() {
  sink_ = nullptr;
  if (phase_ < phase::open) return hang_up();
  close(1000, {});
}

void socket_line::end_after_output(close_reason why) {
  why_ = std::move(why);
  phase_ = phase::ending;
  loop_.set_timer(*this, loop_.now() + options_.close_timeout);
  loop_.at_turn_end(*this);
}

void socket_line::hang_up() noexcept {
  phase_ = phase::ended;
  timer::cancel();
  boost::system::error_code ignored;
  sockets_->connector.cancel();
  sockets_->socket.close(ignored);
}

void socket_line::die(const close_reason& why) {
  if (phase_ == phase::ended) return;
  const auto keep = shared_from_this();
  const close_reason told = why; // may be a member: NOLINT(performance-unnecessary-copy-initialization)
  hang_up();
  if (line_sink* sink = std::exchange(sink_, nullptr)) sink->on_closed(told);
}

} // namespace swill::client_detail
