#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/timer_queue.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace swill::net {

class event_loop;
class poller;

/// Work that waits for the end of the turn, such as the output of a connection: many messages, one send.
class turn_job {
public:
  turn_job& operator=(turn_job&&) = delete;

  virtual ~turn_job();

protected:
  virtual void on_turn_end() noexcept = 0;
  /// Told to at_turn_end() or at_round_end() already.
  bool is_waiting() const noexcept { return waits_in_ != nullptr; }
  bool waits_for_round() const noexcept { return for_round_; }

private:
  friend class event_loop;
  event_loop* waits_in_ = nullptr;
  bool for_round_ = false; ///< it waits for the end of the round
};

/// A loop that is one thread and what its poller watches. Whatever it serves is one turn: it holds a `turn` while it works, and when the
/// outermost ends, the turn hook (ready actors) and the turn jobs (output) run. All calls on the loop's thread unless they say otherwise.
class event_loop final : public loop {
public:
  using offload_function = std::function<void(std::function<void()>)>;

  /// `offload` is where offload() takes its functions; without one they run here. `log` must outlive the loop; may be null.
  explicit event_loop(offload_function offload = {}, const log_sink* log = nullptr);
  ~event_loop();
  event_loop& operator=(event_loop&&) = delete;

  clock_time now() const noexcept override { return now_; }
  clock_duration turn_age() const noexcept override { return std::chrono::steady_clock::now() - now_; }
  void set_timer(timer& t, clock_time when) override;
  void post(std::function<void()> f) override;
  void offload(std::function<void()> f) override;
  bool is_current() const noexcept override;

  /// Called at the end of each outermost turn; must not throw. May be called several times in one turn, so it is cheap when there is
  /// nothing to do. Set it before the loop runs, or on its thread.
  void set_turn_hook(void (*hook)(void*), void* self) noexcept override {
    hook_ = hook;
    hook_self_ = self;
  }

  /// Makes a turn happen soon, with its hook. From any thread.
  void wake() override;
  bool is_in_round() const noexcept override { return in_round_; }

  /// Calls job.on_turn_end() once, when this turn ends, also where it was to wait for the end of the round.
  void at_turn_end(turn_job& job);
  /// The same when all sockets that are ready now have had their turns, or after longest_gathering: for output that many of them have. Outside of a round: at_turn_end().
  void at_round_end(turn_job& job);

  /// An object that nothing else owns while it waits for its peer: it lives until it is let go, or until the loop ends.
  void keep(std::shared_ptr<void> object);
  void let_go(const void* object) noexcept;

  /// What watches the sockets of this loop. Null while it is destroyed.
  const std::shared_ptr<poller>& sockets() const noexcept { return sockets_; }

  /// Makes this thread the loop's until stop(), or returns at once when that has been called since it last returned.
  void run();

  /// Makes run() return soon, whatever is still open. From any thread.
  void stop();

  /// True while a thread is in run(). From any thread.
  bool is_running() const noexcept { return running_; }

  /// One thing that is served. Nested ones count as one.
  class turn {
  public:
    explicit turn(event_loop& l) : loop_(l) {
      if (loop_.depth_++ == 0) loop_.now_ = std::chrono::steady_clock::now();
    }
    /// For a caller that has just looked at the clock.
    turn(event_loop& l, clock_time now) : loop_(l) {
      if (loop_.depth_++ == 0) loop_.now_ = now;
    }
    ~turn() {
      if (loop_.depth_ == 1) loop_.end_turn();
      --loop_.depth_;
    }
    turn& operator=(turn&&) = delete;

  private:
    event_loop& loop_;
  };

  /// Turns that follow one another without a look at what has become ready meanwhile.
  class round {
  public:
    round(event_loop& l, clock_time now) noexcept : loop_(l), since_(now) { loop_.in_round_ = true; }
    ~round() {
      loop_.in_round_ = false;
      if (!loop_.round_jobs_.empty()) loop_.end_round();
    }
    round& operator=(round&&) = delete;

    /// A turn of it has ended at `now`. Output that has waited long enough leaves; returns when that has been done.
    clock_time after_turn(clock_time now) noexcept {
      if (now < since_ + longest_gathering) return now;
      if (!loop_.round_jobs_.empty()) {
        loop_.end_round();
        now = std::chrono::steady_clock::now();
      }
      return since_ = now;
    }

  private:
    event_loop& loop_;
    clock_time since_;
  };

private:
  friend class turn_job;
  struct alarm;

  void end_turn() noexcept;
  void end_round() noexcept;
  void schedule() noexcept { scheduled_ = true; }
  void arm(clock_time when);
  void run_once();
  void call() noexcept;
  void run_ready();
  void run_remote();
  void run_timers();
  template <class F>
  void guarded(const F& f) noexcept;

  timer_queue timers_;
  offload_function offload_;
  logger log_;
  clock_time now_;
  int depth_ = 0;
  bool scheduled_ = false;
  void (*hook_)(void*) = nullptr;
  void* hook_self_ = nullptr;
  std::vector<turn_job*> jobs_;
  std::vector<turn_job*> running_jobs_;
  bool in_round_ = false;
  std::vector<turn_job*> round_jobs_;
  std::shared_ptr<poller> sockets_;
  std::unique_ptr<alarm> alarm_;
  std::vector<std::function<void()>> local_;
  std::unordered_map<const void*, std::shared_ptr<void>> kept_;

  std::atomic<bool> running_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> called_{false}; ///< somebody has posted, woken or stopped it
  std::atomic<bool> sleeps_{false}; ///< it waits, or is about to after another look at called_
  std::mutex mutex_;                // guards what follows
  std::vector<std::function<void()>> remote_;
};

} // namespace swill::net
