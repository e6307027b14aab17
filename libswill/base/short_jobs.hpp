#pragma once

#include "libswill/base/loop.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

namespace swill {

/// A short piece of work for the worker pool, such as reading a piece of a file, and what becomes of it on the loop that it came from.
class short_job {
public:
  short_job& operator=(short_job&&) = delete;
  virtual ~short_job() = default;

  /// On the pool, once.
  virtual void run() noexcept = 0;
  /// After run(), on the loop.
  virtual void on_done() = 0;
};

/// The short jobs of one loop. One thread of the pool runs one after the other for as long as there are some, so that many jobs cost few ways to the
/// pool: waking a thread costs more than such a job. Where a job does not end (a disk that hangs), another thread goes on with those that wait
/// after `patience`, so that it holds up only itself. Owned by whoever has the loop, and by the threads that run jobs.
class short_jobs final : public std::enable_shared_from_this<short_jobs>, private timer {
public:
  static constexpr std::chrono::milliseconds patience{2};

  explicit short_jobs(loop& home) noexcept : home_(home) {}

  /// On the loop.
  void push(std::shared_ptr<short_job> job);
  /// On the loop, before it ends: needs its timer no longer.
  void stop() noexcept { cancel(); }

private:
  void on_timer() override;
  void start_thread();
  void work();

  static constexpr std::size_t most_threads = 8;   ///< of the pool, as long as jobs do not end
  static constexpr std::size_t jobs_per_turn = 64; ///< after which other work of the pool comes first

  loop& home_;
  std::mutex mutex_;                               // guards what follows
  std::deque<std::shared_ptr<short_job>> waiting_; // with whoever pushed them
  std::size_t threads_ = 0;                        ///< that run jobs, or have been asked for
  std::size_t taken_ = 0;                          ///< jobs that have begun
  std::size_t seen_ = 0;                           ///< of these, when the timer was set
};

} // namespace swill
