#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>

namespace swill {

using clock_time = std::chrono::steady_clock::time_point;
using clock_duration = std::chrono::steady_clock::duration;

/// Something to be called once at a point in time. Embedded in its owner: setting one allocates nothing beyond the queue's slot.
/// Cancels itself when destroyed. All calls on the loop's thread.
class timer {
public:
  timer& operator=(timer&&) = delete;
  virtual ~timer() { cancel(); }

  bool is_set() const noexcept { return queue_ != nullptr; }
  clock_time due() const noexcept { return due_; }
  void cancel() noexcept;

protected:
  virtual void
  on_timer() = 0; ///< the timer is no longer set when this runs; it may be set again from here, or destroyed

private:
  friend class timer_queue;
  class timer_queue* queue_ = nullptr;
  std::size_t slot_ = 0;
  std::size_t order_ = 0;
  clock_time due_{};
};

/// A thread that runs actors and coroutines one at a time: an I/O thread in a server, the test itself in tests.
class loop {
public:
  /// The time of the current turn: cheap, and the same throughout one turn.
  virtual clock_time now() const noexcept = 0;

  /// How long the current turn has taken by now. Costs a look at the clock; 0 where time is not real.
  virtual clock_duration turn_age() const noexcept { return {}; }

  /// What was entered last on this loop, for whoever asks why a turn takes so long: the tag of a scope (scope::set_tag), or null. Written
  /// on the loop's thread, read from any; only compared, because what it points to may be gone.
  void note_entered(const void* tag) noexcept { entered_.store(tag, std::memory_order_relaxed); }
  const void* entered() const noexcept { return entered_.load(std::memory_order_relaxed); }

  /// Calls t.on_timer() on this thread at `when` or as soon after as it can. Set already: it is moved. Loop's thread only.
  virtual void set_timer(timer& t, clock_time when) = 0;

  /// Runs f on this loop's thread, after the current turn. From any thread; order is kept per calling thread.
  virtual void post(std::function<void()> f) = 0;

  /// Runs f on the worker pool: for what blocks or computes long. From any thread. f must not throw.
  virtual void offload(std::function<void()> f) = 0;

  /// True on the loop's own thread.
  virtual bool is_current() const noexcept = 0;

  /// Called at the end of each turn, where actors that became ready run; cheap when there is nothing to do, and must not throw. Set
  /// it before the loop runs, or on its thread; null takes it away.
  virtual void set_turn_hook(void (*hook)(void*), void* argument) noexcept = 0;

  /// Makes a turn happen soon. From any thread.
  virtual void wake() = 0;

  /// This turn is one of several that follow one another, after which comes the one that others have asked for by wake(): what they have sent
  /// may wait for that, so that it is dealt with together.
  virtual bool is_in_round() const noexcept { return false; }
  /// How long that, and what a turn sends, wait in such a round at most, besides the end of the turn that runs then.
  static constexpr std::chrono::microseconds longest_gathering{100};

protected:
  ~loop() = default;

private:
  std::atomic<const void*> entered_{nullptr};
};

/// A timer that calls a function of the object whose member it is: `member_timer<feed, &feed::on_silence> silence_{*this};`.
template <class Owner, void (Owner::*Function)()>
class member_timer final : public timer {
public:
  explicit member_timer(Owner& o) : owner_(o) {}

private:
  void on_timer() override { (owner_.*Function)(); }
  Owner& owner_;
};

/// Runs f on the thread of l, at once where that is this thread, and returns when f has run. Throws what f throws. The loop must turn.
void run_on(loop& l, std::function<void()> f);

/// The same, but returns after `longest` at the latest: f may run later, or never, so it owns what it uses. What it throws is dropped.
void run_on(loop& l, std::function<void()> f, std::chrono::milliseconds longest);

} // namespace swill
