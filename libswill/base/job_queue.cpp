#include "libswill/base/job_queue.hpp"

#include <utility>

namespace swill {

bool pool_job::drop() noexcept {
  if (!claim(state::dropped)) return false;
  if (queue_ != nullptr) queue_->remove(*this);
  return true;
}

bool job_queue::push(std::shared_ptr<pool_job> job, const void* key, swill::loop* home, std::string name) {
  pool_job& j = *job;
  j.queue_ = this;
  j.home_ = home;
  j.name_ = std::move(name);
  const std::lock_guard lock{mutex_};
  owner& o = owners_[key];
  o.key = key;
  j.owner_ = &o;
  j.place_ = o.waiting.insert(o.waiting.end(), std::move(job));
  j.is_queued_ = true;
  give_turn(o);
  // One thread for each job that could run at this time. Later ones of this owner are for the threads that come back.
  const bool may_run_now = key == nullptr || o.running + o.waiting.size() <= per_owner_;
  if (!may_run_now || active_ == threads_) return false;
  ++active_;
  return true;
}

void job_queue::give_turn(owner& o) {
  if (o.has_turn || !may_run(o)) return;
  o.has_turn = true;
  turns_.push_back(&o);
}

void job_queue::forget_if_idle(owner& o) {
  if (o.waiting.empty() && o.running == 0 && !o.has_turn) owners_.erase(o.key);
}

std::shared_ptr<pool_job> job_queue::next() {
  std::vector<std::shared_ptr<pool_job>> dropped; // what they own ends without the lock
  const std::lock_guard lock{mutex_};
  while (!abandoned_ && !turns_.empty()) {
    owner& o = *turns_.front();
    turns_.pop_front();
    o.has_turn = false;
    if (o.waiting.empty()) { // what waited was dropped
      forget_if_idle(o);
      continue;
    }
    std::shared_ptr<pool_job> job = std::move(o.waiting.front());
    o.waiting.pop_front();
    job->is_queued_ = false;
    const bool begun = job->begin();
    if (begun) ++o.running;
    give_turn(o);
    if (!begun) { // it is just being dropped
      dropped.push_back(std::move(job));
      forget_if_idle(o);
      continue;
    }
    running_.push_back(job);
    return job;
  }
  --active_;
  return nullptr;
}

void job_queue::finish(std::shared_ptr<pool_job> job) {
  const std::lock_guard lock{mutex_};
  if (abandoned_) return; // it stays among those that run, with whatever refers to it
  running_.erase(std::find(running_.begin(), running_.end(), job));
  owner& o = *static_cast<owner*>(job->owner_);
  --o.running;
  give_turn(o);
  forget_if_idle(o);
  // While the lock is held: whoever sees that nothing runs any more may end the loop.
  if (job->home_ == nullptr) return;
  swill::loop& home = *job->home_;
  home.post([j = std::move(job)] { j->on_done(); });
}

void job_queue::remove(pool_job& job) noexcept {
  std::shared_ptr<pool_job> gone; // what it owns ends without the lock
  const std::lock_guard lock{mutex_};
  if (!std::exchange(job.is_queued_, false)) return;
  owner& o = *static_cast<owner*>(job.owner_);
  gone = std::move(*job.place_);
  o.waiting.erase(job.place_);
  forget_if_idle(o);
}

bool job_queue::is_idle() const {
  const std::lock_guard lock{mutex_};
  return owners_.empty() || std::all_of(owners_.begin(), owners_.end(), [](const auto& o) {
           return o.second.waiting.empty() && o.second.running == 0;
         });
}

void job_queue::abandon() {
  const std::lock_guard lock{mutex_};
  abandoned_ = true;
}

std::vector<std::string> job_queue::names_of_running() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> names;
  for (const auto& j : running_) names.push_back(j->name_);
  return names;
}

} // namespace swill
