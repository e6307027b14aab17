#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

namespace swill {

class job_queue;
class loop;

/// One piece of work for the worker pool, and what becomes of it on the loop that it came from. Shared by the pool and whoever waits for
/// it, which may end first.
class pool_job {
public:
  pool_job& operator=(pool_job&&) = delete;
  virtual ~pool_job() = default;

  /// On the pool, once, unless it was dropped before it began.
  virtual void run() noexcept = 0;
  /// After run(), on the loop that it came from.
  virtual void on_done() = 0;

  /// Nobody wants it any more. True when it had not begun: it never will, and the pool has forgotten it. On the loop that it came from.
  bool drop() noexcept;
  /// True for the one who is to run it.
  bool begin() noexcept { return claim(state::begun); }

private:
  friend class job_queue;
  enum class state : std::uint8_t { waiting, begun, dropped };
  bool claim(state wanted) noexcept {
    state expected = state::waiting;
    return state_.compare_exchange_strong(expected, wanted, std::memory_order_acq_rel);
  }

  std::atomic<state> state_{state::waiting};
  // The queue's; queue_, home_ and name_ are set before anybody else knows the job, the others are guarded by the queue's mutex.
  job_queue* queue_ = nullptr;
  swill::loop* home_ = nullptr;
  std::string name_;
  void* owner_ = nullptr;
  std::list<std::shared_ptr<pool_job>>::iterator place_{};
  bool is_queued_ = false;
};

} // namespace swill
