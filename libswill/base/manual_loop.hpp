#pragma once

#include "libswill/base/loop.hpp"
#include "libswill/base/timer_queue.hpp"

#include <mutex>
#include <vector>

namespace swill {

/// A loop whose clock and turns are the test's: nothing happens but in run_until_idle() and advance(). Posting is allowed from any
/// thread, everything else belongs to the thread that made it. What is offloaded runs here, in a turn of its own.
class manual_loop final : public loop {
public:
  clock_time now() const noexcept override { return now_; }
  void set_timer(timer& t, clock_time when) override { timers_.set(t, when); }
  void post(std::function<void()> f) override;
  void offload(std::function<void()> f) override { post(std::move(f)); }
  bool is_current() const noexcept override;

  /// As event_loop::set_turn_hook: called after everything that was posted or timed.
  void set_turn_hook(void (*hook)(void*), void* self) noexcept override {
    hook_ = hook;
    hook_self_ = self;
  }
  void wake() override {
    post([] {});
  }

  /// Runs what is posted and due, and what that leads to, until nothing is left for now. Returns how much ran. Throws
  /// std::runtime_error when it never ends: after a million.
  std::size_t run_until_idle();

  /// Turns the clock, stopping at each deadline on the way to run what is due there.
  void advance(clock_duration d);

  /// The number of timers that are set.
  std::size_t timers() const noexcept { return timers_.size(); }

private:
  std::size_t run_once();

  timer_queue timers_;
  clock_time now_{std::chrono::hours{1}};
  void (*hook_)(void*) = nullptr;
  void* hook_self_ = nullptr;
  std::mutex mutex_; // guards posted_
  std::vector<std::function<void()>> posted_;
};

} // namespace swill
