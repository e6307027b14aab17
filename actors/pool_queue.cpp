#include "actors/pool_queue.hpp"

namespace swill::actors {

/// With the mutex held: the thread that the caller is to wake when it has let go of the mutex. Null: none is needed, or one is on its way.
pool_queue::worker_data* pool_queue::next_to_wake(coordinator_data& all) {
  if (all.jobs.empty() || all.is_waking || all.sleeping.empty()) return nullptr;
  worker_data* next = all.sleeping.back();
  all.sleeping.pop_back();
  next->is_woken = true;
  all.is_waking = true;
  return next;
}

void pool_queue::add(coordinator_data& all, caf::resumable* job) {
  std::unique_lock lock{all.mutex};
  all.jobs.push_back(job);
  worker_data* next = next_to_wake(all);
  lock.unlock();
  if (next != nullptr) next->woken.notify_one();
}

caf::resumable* pool_queue::take(coordinator_data& all, worker_data& mine) {
  std::unique_lock lock{all.mutex};
  while (all.jobs.empty()) {
    mine.is_woken = false;
    all.sleeping.push_back(&mine);
    mine.woken.wait(lock, [&mine] { return mine.is_woken; });
    all.is_waking = false;
  }
  caf::resumable* job = all.jobs.front();
  all.jobs.pop_front();
  worker_data* next = next_to_wake(all);
  lock.unlock();
  if (next != nullptr) next->woken.notify_one();
  return job;
}

} // namespace swill::actors
