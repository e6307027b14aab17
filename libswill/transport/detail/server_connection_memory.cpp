#include "libswill/transport/detail/server_connection.hpp"

// What a connection keeps, for how long, and when it reads nothing more because of that.

namespace swill::transport::detail {

namespace {

// How soon a connection that keeps more than its share looks whether that has grown.
constexpr std::chrono::milliseconds look_at_memory{50};
// What connections keep is told to the server in such steps.
constexpr std::size_t account_step = 32 * 1024;
// While reading waits, pings go out more often than to a silent peer.
constexpr int pings_while_held = 10;

} // namespace

bool server_connection::may_deliver() const noexcept {
  return pauses_ == 0 && !congested_ && !full_ && !short_ && !fresh_;
}

void server_connection::pause_reading(bool paused) {
  if (phase_ != phase::open) return;
  if (paused) {
    if (pauses_++ == 0) hold();
  } else if (pauses_ != 0 && --pauses_ == 0) {
    resume_later();
  }
}

// After each message. One large item of a stream is not enough for congestion: the CANCEL of that stream must be read.
void server_connection::check_output() {
  const std::size_t waits = backlog();
  if (waits <= core_->little_output || phase_ != phase::open) return;
  if (waits > 2 * limits_of().send_buffer + largest_) congested_ = true;
  check_memory();
}

void server_connection::on_held(std::ptrdiff_t bytes) {
  held_ += static_cast<std::size_t>(bytes); // modulo: what falls has grown before
  if (phase_ != phase::open) return;
  check_memory();
  account();
}

// A connection may always complete a message where nothing else is held: limits::message_size bounds it. It is read again at three
// quarters of its memory, so that not each item that a handler takes costs a read. Where the server is short of memory, it looks again
// after a while, and whenever it keeps less itself.
void server_connection::check_memory() {
  if (phase_ != phase::open) return;
  const std::size_t most = limits_of().connection_memory;
  const std::size_t input = held_ + message_.size();
  const std::size_t kept = input + backlog();
  const bool waited = full_ || short_;
  full_ = held_ != 0 && input >= (full_ ? most - most / 4 : most);
  short_ = kept > least_share && kept > core_->memory.share();
  if (short_) arm(now() + look_at_memory);
  if (full_ || short_) {
    if (!waited) hold();
    stop_clock();
  } else if (waited) {
    resume_later();
  }
}

// Nothing is read for now. The end of a peer that was killed while it sent more than fits the kernel's buffers stands behind what is
// not read; but whatever reaches its address is answered with a reset. So it is pinged meanwhile.
void server_connection::hold() {
  stop_clock();
  if (limits_of().ping_interval.count() == 0) return;
  pinged_ = false;
  arm(deadline_ = now() + clock_duration{limits_of().ping_interval} / pings_while_held);
}

// limits::message_timeout counts from the first byte of a message, without the time in which we do not read for reasons of ours.
void server_connection::time_message() {
  if (phase_ != phase::open) return;
  if (message_.capacity() == 0 && kept_.empty() && !codec_->in_message()) {
    begun_ = stopped_ = {};
    return;
  }
  if (begun_ == clock_time{}) {
    begun_ = now();
    if (limits_of().message_timeout.count() != 0) arm(begun_ + limits_of().message_timeout);
  }
  stop_clock();
}

void server_connection::stop_clock() {
  if (begun_ != clock_time{} && stopped_ == clock_time{} && waits_for_us()) stopped_ = now();
}

void server_connection::resume_clock() {
  if (begun_ == clock_time{} || stopped_ == clock_time{}) return;
  begun_ += now() - stopped_;
  stopped_ = waits_for_us() ? now() : clock_time{};
  if (limits_of().message_timeout.count() != 0) arm(begun_ + limits_of().message_timeout);
}

// While the server is short of memory, an unfinished message must not keep its share for ever: its clock runs.
bool server_connection::waits_for_us() const noexcept {
  return pauses_ != 0 || congested_ || full_ || (short_ && message_.capacity() == 0);
}

bool server_connection::is_message_late() {
  const clock_duration patience = limits_of().message_timeout;
  if (patience.count() == 0 || begun_ == clock_time{} || stopped_ != clock_time{}) return false;
  if (now() >= begun_ + patience) return true;
  arm(begun_ + patience);
  return false;
}

// A connection with small messages never has anything to tell.
void server_connection::account() noexcept {
  const std::size_t mine = kept_.capacity() + message_.capacity() + output_.capacity() + held_;
  const bool same = mine < accounted_ + account_step && mine + account_step > accounted_;
  if ((same && (mine != 0 || accounted_ == 0)) || phase_ == phase::ended) return;
  account(mine);
}

void server_connection::account(std::size_t mine) noexcept {
  core_->returns->note(core_->memory.change(accounted_, mine));
  accounted_ = mine;
}

} // namespace swill::transport::detail
