#include "libswill/transport/detail/server_connection.hpp"

// What a connection writes. Everything of one turn goes into one buffer and leaves in one send at the end of the round; what the kernel does
// not take stays there until it does.

namespace swill::transport::detail {

buffer& server_connection::begin_message() {
  prepare_output();
  message_at_ = websocket::begin_frame(output_);
  return output_;
}

void server_connection::end_message() {
  if (phase_ != phase::open) return output_.truncate(message_at_);
  ++traffic_.messages_out;
  traffic_.bytes_out += output_.size() - message_at_ - 2; // websocket::begin_frame() has made room for so much
  websocket::end_frame(output_, message_at_, websocket::opcode::binary);
  if (output_.size() - message_at_ > largest_) largest_ = output_.size() - message_at_;
  lane_.count.messages_out.add();
  flush_later();
}

bool server_connection::has_room(std::uint64_t, std::size_t send_buffer) {
  const std::size_t waits = backlog();
  const bool room = waits < send_buffer / 2 && (waits < least_share || waits < core_->memory.share());
  if (!room) was_full_ = true;
  return room;
}

void server_connection::cancel_message() { output_.truncate(message_at_); }

void server_connection::close(int code, std::string_view reason) {
  if (phase_ != phase::open) return;
  prepare_output();
  websocket::append_close(output_, code, reason);
  codec_->mute();
  our_close_ = {code, std::string{reason}, false};
  phase_ = phase::closing;
  pauses_ = 0;
  congested_ = full_ = short_ = false; // the peer's close frame may come after what was held back
  arm(deadline_ = now() + limits_of().close_timeout);
  flush_later();
  resume_later();
}

// Only here does the backlog fall: whoever found no room until now is told when there is some (message_port::has_room).
void server_connection::on_flush() {
  if (backlog() >= limits_of().send_buffer / 2) was_full_ = true;
}

bool server_connection::ends_with_output() const noexcept { return phase_ == phase::lingering && !output_shut_; }

void server_connection::on_sent(std::size_t bytes) {
  lane_.count.sends.add();
  lane_.count.bytes_out.add(bytes);
  progress_ = now();
}

void server_connection::on_send_failed(int) { on_broken(); }

void server_connection::on_stuck() {
  if (progress_ == clock_time{}) progress_ = now();
  arm(now() + limits_of().slow_reader_timeout / looks);
}

void server_connection::on_flushed() {
  if (backlog() == 0) {
    progress_ = {};
    largest_ = 0;
    if (phase_ == phase::lingering && !linger_for_peer_) return die(our_close_);
    if (phase_ == phase::lingering && !output_shut_) {
      output_shut_ = true;
      end_output();
      join_done();
    }
  }
  account();
  if (phase_ == phase::answering) return go_on_answering();
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
