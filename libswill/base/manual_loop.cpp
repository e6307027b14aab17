#include "libswill/base/manual_loop.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill {

void manual_loop::post(std::function<void()> f) {
  std::lock_guard lock{mutex_};
  posted_.push_back(std::move(f));
}

// Everything runs in the test's thread; what comes from others only posts.
bool manual_loop::is_current() const noexcept { return true; }

std::size_t manual_loop::run_once() {
  std::vector<std::function<void()>> batch;
  {
    std::lock_guard lock{mutex_};
    batch.swap(posted_);
  }
  std::size_t ran = batch.size();
  for (auto& f : batch) {
    f();
    if (hook_ != nullptr) hook_(hook_self_);
  }
  if (const std::size_t timed = timers_.run_due(now_); timed != 0) {
    ran += timed;
    if (hook_ != nullptr) hook_(hook_self_);
  }
  return ran;
}

std::size_t manual_loop::run_until_idle() {
  constexpr std::size_t too_many = 1000000;
  if (hook_ != nullptr) hook_(hook_self_);
  std::size_t total = 0;
  while (const std::size_t ran = run_once()) {
    total += ran;
    if (total > too_many) throw std::runtime_error("manual_loop: never idle");
  }
  return total;
}

void manual_loop::advance(clock_duration d) {
  const clock_time end = now_ + d;
  run_until_idle();
  for (auto next = timers_.next_due(); next && *next <= end; next = timers_.next_due()) {
    now_ = std::max(now_, *next);
    run_until_idle();
  }
  now_ = end;
  run_until_idle();
}

} // namespace swill
