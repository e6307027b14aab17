#include "libswill/base/timer_queue.hpp"

#include <algorithm>

namespace swill {

void timer::cancel() noexcept {
  if (queue_ != nullptr) queue_->cancel(*this);
}

timer_queue::~timer_queue() {
  for (timer* t : heap_) t->queue_ = nullptr;
}

void timer_queue::set(timer& t, clock_time when) {
  t.cancel();
  heap_.push_back(&t);
  t.queue_ = this;
  t.due_ =
      std::max(when, last_run_); // a time in the past counts as now, so that timers that have waited longer go first
  t.order_ = order_++;
  t.slot_ = heap_.size() - 1;
  up(t.slot_);
}

void timer_queue::cancel(timer& t) noexcept {
  const std::size_t slot = t.slot_;
  t.queue_ = nullptr;
  timer* last = heap_.back();
  heap_.pop_back();
  if (last == &t) return;
  place(*last, slot);
  up(slot);
  down(last->slot_);
}

std::optional<clock_time> timer_queue::next_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->due_;
}

std::size_t timer_queue::run_due(clock_time now) {
  std::size_t ran = 0;
  last_run_ = std::max(last_run_, now);
  const std::size_t set_before = order_;
  while (!heap_.empty() && heap_.front()->due_ <= now && heap_.front()->order_ < set_before) {
    timer& t = *heap_.front();
    cancel(t);
    t.on_timer();
    ++ran;
  }
  return ran;
}

bool timer_queue::before(const timer& a, const timer& b) const noexcept {
  return a.due_ != b.due_ ? a.due_ < b.due_ : a.order_ < b.order_;
}

void timer_queue::place(timer& t, std::size_t slot) noexcept {
  heap_[slot] = &t;
  t.slot_ = slot;
}

void timer_queue::up(std::size_t slot) noexcept {
  timer& t = *heap_[slot];
  while (slot > 0 && before(t, *heap_[(slot - 1) / 2])) {
    place(*heap_[(slot - 1) / 2], slot);
    slot = (slot - 1) / 2;
  }
  place(t, slot);
}

void timer_queue::down(std::size_t slot) noexcept {
  timer& t = *heap_[slot];
  for (;;) {
    std::size_t child = 2 * slot + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
    if (!before(*heap_[child], t)) break;
    place(*heap_[child], slot);
    slot = child;
  }
  place(t, slot);
}

} // namespace swill
