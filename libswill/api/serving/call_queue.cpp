#include "libswill/api/serving/call_queue.hpp"

#include "libswill/api/serving/call.hpp"

namespace swill::detail {

void call_queue::forget(const call& c) noexcept {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i] == &c) return waiting_.erase(i);
  }
}

void call_queue::run() {
  for (std::size_t n = waiting_.size(); n > 0 && !waiting_.empty(); --n) waiting_.pop()->on_turn();
}

void turn_queue::push(call& c) {
  waiting_.push(c);
  if (is_posted_) return;
  is_posted_ = true;
  loop_.post([this] { run(); });
}

void turn_queue::run() {
  is_posted_ = false;
  begin_turn();
  waiting_.run();
}

} // namespace swill::detail
