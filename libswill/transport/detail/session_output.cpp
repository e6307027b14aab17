#include "libswill/transport/detail/session.hpp"

#include <cerrno>
#include <sys/socket.h>

// What a session writes. Everything of one turn goes into one buffer and leaves in one send at the turn's end; what the kernel does
// not take stays there until it does.

namespace swill::transport::detail {

namespace {

constexpr std::size_t compact_after = 256 * 1024;

} // namespace

void session::prepare_output() {
  if (output_.capacity() == 0) output_ = lane_.take_buffer();
}

buffer& session::begin_message() {
  prepare_output();
  message_at_ = websocket::begin_frame(output_);
  return output_;
}

void session::end_message() {
  if (phase_ != phase::open) return output_.truncate(message_at_);
  ++traffic_.messages_out;
  traffic_.bytes_out += output_.size() - message_at_ - 2; // websocket::begin_frame() has made room for so much
  websocket::end_frame(output_, message_at_, websocket::opcode::binary);
  if (output_.size() - message_at_ > largest_) largest_ = output_.size() - message_at_;
  lane_.count.messages_out.add();
  mark_dirty();
}

bool session::has_room(std::uint64_t, std::size_t send_buffer) {
  const std::size_t waits = backlog();
  const bool room = waits < send_buffer / 2 && (waits < least_share || waits < core_->memory.share());
  if (!room) was_full_ = true;
  return room;
}

void session::cancel_message() { output_.truncate(message_at_); }

void session::close(int code, std::string_view reason) {
  if (phase_ != phase::open) return;
  prepare_output();
  websocket::append_close(output_, code, reason);
  codec_->mute();
  our_close_ = {code, std::string{reason}, false};
  phase_ = phase::closing;
  pauses_ = 0;
  congested_ = full_ = short_ = false; // the peer's close frame may stand behind what was held back
  arm(deadline_ = now() + limits_of().close_timeout);
  mark_dirty();
  resume_later();
}

void session::on_turn_end() noexcept {
  const auto keep = self_;
  if (phase_ != phase::ended) guarded([this] { flush(); });
}

void session::flush() {
  // Only here does the backlog fall: whoever found no room until now is told when there is some (message_port::has_room).
  if (backlog() >= limits_of().send_buffer / 2) was_full_ = true;
  if (writing_) return;
  while (backlog() != 0) {
    const ssize_t n = ::send(fd_, output_.data() + sent_, backlog(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        wait_writable();
        break;
      }
      return die(phase_ == phase::open ? close_reason{1006, "connection lost", true} : our_close_);
    }
    lane_.count.sends.add();
    lane_.count.bytes_out.add(static_cast<std::uint64_t>(n));
    sent_ += static_cast<std::size_t>(n);
    written_ += static_cast<std::uint64_t>(n);
    progress_ = now();
  }
  on_flushed();
}

void session::wait_writable() {
  if (sent_ >= compact_after && sent_ >= backlog()) { // so that moving costs no more than sending
    if (output_.capacity() / 4 > backlog()) {
      buffer smaller; // what was large gives its room back
      smaller.append(output_.view().subspan(sent_));
      output_ = std::move(smaller);
    } else {
      output_.consume(sent_);
    }
    pong_ = pong_.at >= sent_ ? websocket::last_pong{pong_.at - sent_, pong_.end - sent_} : websocket::last_pong{};
    sent_ = 0;
  }
  writing_ = true;
  if (progress_ == clock_time{}) progress_ = now();
  arm(now() + limits_of().slow_reader_timeout / looks);
  watch();
}

void session::on_flushed() {
  if (backlog() == 0) {
    sent_ = 0;
    pong_ = {};
    progress_ = {};
    largest_ = 0;
    output_.clear();
    lane_.give_back(std::move(output_));
    if (phase_ == phase::lingering && !linger_for_peer_) return die(our_close_);
    if (phase_ == phase::lingering && !output_shut_) {
      output_shut_ = true;
      ::shutdown(fd_, SHUT_WR);
    }
  }
  account();
  if (phase_ != phase::open) return;
  if (short_ || backlog() > least_share) check_memory();
  const std::size_t half = limits_of().send_buffer / 2;
  if (congested_ && backlog() <= half) {
    congested_ = false;
    resume_later();
  }
  if (was_full_ && backlog() < half && (backlog() < least_share || backlog() < core_->memory.share())) {
    was_full_ = false;
    if (sink_ != nullptr) sink_->on_writable();
  }
}

} // namespace swill::transport::detail
