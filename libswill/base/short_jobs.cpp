#include "libswill/base/short_jobs.hpp"

#include <utility>

namespace swill {

void short_jobs::push(std::shared_ptr<short_job> job) {
  bool starts = false;
  {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(std::move(job));
    starts = threads_ == 0;
    if (starts) ++threads_;
    if (!is_set()) seen_ = taken_;
  }
  if (starts) start_thread();
  if (!is_set()) home_.set_timer(*this, home_.now() + patience);
}

void short_jobs::on_timer() {
  bool starts = false;
  {
    const std::lock_guard lock{mutex_};
    if (waiting_.empty()) return;
    starts = taken_ == seen_ && threads_ < most_threads;
    if (starts) ++threads_;
    seen_ = taken_;
  }
  if (starts) start_thread();
  home_.set_timer(*this, home_.now() + patience);
}

void short_jobs::start_thread() {
  home_.offload([self = shared_from_this()] { self->work(); });
}

void short_jobs::work() {
  for (std::size_t n = 0; n < jobs_per_turn; ++n) {
    std::shared_ptr<short_job> job;
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.empty()) {
        --threads_;
        return;
      }
      job = std::move(waiting_.front());
      waiting_.pop_front();
      ++taken_;
    }
    job->run();
    home_.post([done = std::move(job)] { done->on_done(); });
  }
  start_thread();
}

} // namespace swill
