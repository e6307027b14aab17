#pragma once

#include "libswill/base/loop.hpp"
#include "libswill/base/pool_job.hpp"

#include <algorithm>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill {

/// Jobs that wait for the threads of a pool. Each owner (a connection) has a line of its own, in which jobs begin in the order in which
/// they came; the owners take turns, and one owner has no more than its share of the threads. Knows no threads: who has some asks for
/// next(). All functions may be called from any thread; the queue outlives its jobs.
class job_queue {
public:
  /// For so many threads. One owner may have all of them until set_share().
  explicit job_queue(std::size_t threads) noexcept : threads_(threads), per_owner_(threads) {}

  /// So many jobs of one owner may run at a time; 0: half of the threads, at least one. Before the first push().
  void set_share(std::size_t per_owner) noexcept {
    per_owner_ = per_owner != 0 ? per_owner : std::max<std::size_t>(threads_ / 2, 1);
  }

  /// Puts `job` at the end of its owner's line; an owner of null has no limit. `home` is where its on_done() is to run; null: nowhere.
  /// `name` is what names_of_running says. True: one more thread is wanted, which calls next() until that gives nothing.
  bool push(std::shared_ptr<pool_job> job, const void* owner, swill::loop* home, std::string name);

  /// The job whose turn it is, begun; null when there is none for this thread, which then is no longer counted.
  std::shared_ptr<pool_job> next();

  /// A job of next() has run: its on_done() is posted to its home.
  void finish(std::shared_ptr<pool_job> job);

  /// Nothing waits and nothing runs.
  bool is_idle() const;

  /// No job begins any more, and no on_done() is called. What waits or runs stays as it is.
  void abandon();

  /// The names of the jobs that run.
  std::vector<std::string> names_of_running() const;

private:
  friend class pool_job;

  struct owner {
    std::list<std::shared_ptr<pool_job>> waiting;
    const void* key = nullptr;
    std::size_t running = 0;
    bool has_turn = false; ///< is in turns_
  };

  bool may_run(const owner& o) const noexcept {
    return !o.waiting.empty() && (o.key == nullptr || o.running < per_owner_);
  }
  void give_turn(owner& o);
  void forget_if_idle(owner& o);
  void remove(pool_job& job) noexcept;

  const std::size_t threads_;
  std::size_t per_owner_;

  mutable std::mutex mutex_; // guards what follows
  std::unordered_map<const void*, owner> owners_;
  std::deque<owner*> turns_; ///< those whose next job may run, each once
  std::vector<std::shared_ptr<pool_job>> running_;
  std::size_t active_ = 0; ///< threads that call next()
  bool abandoned_ = false;
};

} // namespace swill
