#pragma once

#include "libswill/base/awaiting.hpp"
#include "libswill/base/task.hpp"
#include "libswill/base/timer_queue.hpp"

#include <deque>
#include <functional>
#include <utility>
#include <vector>

// A loop, a wait and a guard that tests of coroutines turn by hand.

namespace swill::test {

class hand_loop final : public loop {
public:
  clock_time now() const noexcept override { return now_; }
  void set_timer(timer& t, clock_time when) override { timers.set(t, when); }
  void post(std::function<void()> f) override { posted.push_back(std::move(f)); }
  void offload(std::function<void()> f) override { jobs.push_back(std::move(f)); }
  bool is_current() const noexcept override { return true; }
  void set_turn_hook(void (*)(void*), void*) noexcept override {}
  void wake() override {}

  void run_posted() {
    while (!posted.empty()) {
      auto f = std::move(posted.front());
      posted.pop_front();
      f();
    }
  }
  /// What the pool would do, one job.
  void run_job() {
    auto f = std::move(jobs.front());
    jobs.pop_front();
    f();
  }
  void advance(clock_duration d) {
    now_ += d;
    timers.run_due(now_);
    run_posted();
  }

  timer_queue timers;
  std::deque<std::function<void()>> posted;
  std::deque<std::function<void()>> jobs;

private:
  clock_time now_{std::chrono::hours{1}};
};

/// Something a coroutine waits for until the test fires it. One waiter at a time.
class signal {
public:
  struct place {
    signal& of;
    bool is_ready() const noexcept { return of.fired_; }
    void enter(wait& w) noexcept { of.waiter_.enter(w); }
    void leave(const wait& w) noexcept { of.waiter_.leave(w); }
    int take() noexcept { return ++of.resumed, of.number_; }
    void give_up() noexcept { ++of.resumed; }
  };
  awaiting<place> operator co_await() noexcept { return awaiting<place>{*this}; }

  void fire(int number = 0) {
    fired_ = true;
    number_ = number;
    waiter_.wake();
  }
  bool has_waiter() const noexcept { return waiter_.is_taken(); }
  int resumed = 0;

private:
  wait_slot waiter_;
  bool fired_ = false;
  int number_ = 0;
};

/// Counts itself: an object too many or too few shows.
class counted {
public:
  explicit counted(int& alive) : alive_(&alive) { ++*alive_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --*alive_; }

private:
  int* alive_;
};

} // namespace swill::test
