#pragma once

#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace swill::actors {

/// How the threads of CAF's pool share their work: by one queue, as with caf::policy::work_sharing. That one wakes a thread for each job, with
/// the mutex held, which costs more than a short job itself. Here only one thread is being woken at a time: when it runs and finds more than it
/// takes, it wakes the next one. So whatever takes long has all threads that it needs, one after the other, and of many short jobs most are done
/// by threads that are awake already. Who has gone to sleep last is woken first.
class pool_queue : public caf::policy::unprofiled {
public:
  /// Of one thread. A copy, which CAF makes for each of its workers, is that of another one.
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    worker_data(const worker_data&) {}
    worker_data& operator=(const worker_data&) = delete;

    std::condition_variable woken;
    bool is_woken = false; ///< guarded by coordinator_data::mutex
  };

  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    std::mutex mutex; ///< guards what follows
    std::deque<caf::resumable*> jobs;
    std::vector<worker_data*> sleeping; ///< the one last that has gone to sleep last
    bool is_waking = false;             ///< one was woken, and has not looked at the jobs yet
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    add(d(self), job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    add(d(self->parent()), job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    add(d(self->parent()), job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    add(d(self->parent()), job);
  }
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    return take(d(self->parent()), d(self));
  }

  template <class Worker, class F>
  void foreach_resumable(Worker*, F) {}
  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F f) {
    const std::lock_guard lock{d(self).mutex};
    for (caf::resumable* job : d(self).jobs) f(job);
    d(self).jobs.clear();
  }

private:
  static void add(coordinator_data& all, caf::resumable* job);
  static caf::resumable* take(coordinator_data& all, worker_data& mine);
  static worker_data* next_to_wake(coordinator_data& all);
};

} // namespace swill::actors
