#pragma once

#include "libswill/base/scope.hpp"
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
  struct awaiter : wait {
    explicit awaiter(signal& s) : source(s) {}
    ~awaiter() {
      if (source.waiter_ == this) source.waiter_ = nullptr;
    }
    signal& source;
    scope* where = nullptr;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      where = h.promise().owner;
      if (where->is_cancelled() || source.fired_) return false;
      where->suspend(*this, h);
      source.waiter_ = this;
      return true;
    }
    int await_resume() {
      source.waiter_ = nullptr;
      ++source.resumed;
      if (where->is_cancelled()) throw cancelled{};
      return source.number_;
    }
  };
  awaiter operator co_await() noexcept { return awaiter{*this}; }

  void fire(int number = 0) {
    fired_ = true;
    number_ = number;
    if (waiter_ != nullptr) waiter_->owner()->wake(*waiter_);
  }
  bool has_waiter() const noexcept { return waiter_ != nullptr; }
  int resumed = 0;

private:
  awaiter* waiter_ = nullptr;
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
