#include "libswill/net/event_loop.hpp"

#include "libswill/base/log_limiter.hpp"
#include "libswill/base/trace.hpp"

#include "libswill/net/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace swill::net {

namespace {

thread_local const event_loop* current_loop = nullptr;

// Turn jobs may give actors something to do, which makes jobs. After so many rounds the sockets get their chance.
constexpr int rounds_per_turn = 8;

} // namespace

// The one timer of the loop, and the log that needs it. It is armed only when a deadline comes before the one it is armed for.
struct event_loop::alarm final : watched {
  alarm(event_loop& l, const log_sink* log)
      : errors(l, log, log_room::transport),
        loop(l),
        fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
    loop.sockets_->add(*this, fd, true, false);
  }
  ~alarm() override {
    loop.sockets_->remove(*this, fd);
    ::close(fd);
  }
  void set(clock_time when) noexcept {
    armed = true;
    due = when;
    write(std::max(when.time_since_epoch(), clock_duration{1})); // 0 would turn it off
  }
  void write(clock_duration since) const noexcept {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since);
    itimerspec at{};
    at.it_value.tv_sec = static_cast<time_t>(whole.count());
    at.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since - whole).count());
    ::timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, nullptr);
  }
  void on_ready(bool, bool, bool) noexcept override {
    note_input(true);
    armed = false;
    loop.run_timers();
    if (!armed) write({}); // it is ready until it is set
  }

  limited_log errors; ///< what may come with each turn
  event_loop& loop;
  int fd;
  bool armed = false;
  clock_time due{};
};

turn_job::~turn_job() {
  if (waits_in_ == nullptr) return;
  for (auto* list : {&waits_in_->jobs_, &waits_in_->running_jobs_, &waits_in_->round_jobs_})
    std::replace(list->begin(), list->end(), this, static_cast<turn_job*>(nullptr));
}

event_loop::event_loop(offload_function offload, const log_sink* log)
    : offload_(std::move(offload)),
      log_(log, log_room::transport),
      now_(std::chrono::steady_clock::now()),
      sockets_(std::make_shared<poller>(*this)),
      alarm_(new alarm{*this, log}) {}

event_loop::~event_loop() {
  alarm_.reset();
  sockets_->close();
  sockets_.reset();
  kept_.clear();
  local_.clear();
  remote_.clear();
}

void event_loop::keep(std::shared_ptr<void> object) {
  const void* key = object.get();
  kept_.emplace(key, std::move(object));
}

void event_loop::let_go(const void* object) noexcept {
  const auto gone = kept_.extract(object); // destroyed when kept_ is itself again
}

void event_loop::set_timer(timer& t, clock_time when) {
  timers_.set(t, when);
  if (when <= now_)
    schedule();
  else if (!alarm_->armed || when < alarm_->due)
    arm(when);
}

void event_loop::arm(clock_time when) { alarm_->set(when); }

void event_loop::run_timers() {
  guarded([this] { timers_.run_due(now_); });
  const auto next = timers_.next_due();
  if (!next) return;
  if (*next <= now_)
    schedule(); // set anew while they ran, or left over after an exception
  else if (!alarm_->armed || *next < alarm_->due)
    arm(*next);
}

void event_loop::post(std::function<void()> f) {
  if (is_current()) {
    local_.push_back(std::move(f));
    schedule();
    return;
  }
  {
    std::lock_guard lock{mutex_};
    remote_.push_back(std::move(f));
  }
  call();
}

/// Whoever comes first interrupts its wait, if it waits: it looks at called_ once more after it has said that it is going to.
void event_loop::call() noexcept {
  if (!called_.exchange(true) && sleeps_.exchange(false)) sockets_->interrupt();
}

void event_loop::run_remote() {
  std::vector<std::function<void()>> batch;
  {
    std::lock_guard lock{mutex_};
    batch.swap(remote_);
  }
  // Where a turn was asked for, one ends: what was sent before a function was posted is looked at before that runs.
  auto next = batch.begin();
  do {
    const turn t{*this};
    for (; next != batch.end() && *next; ++next) guarded(*next);
    if (next != batch.end()) ++next;
  } while (next != batch.end());
}

void event_loop::run_ready() {
  std::vector<std::function<void()>> batch;
  batch.swap(local_);
  if (const auto next = timers_.next_due(); next && *next <= now_) run_timers();
  for (auto& f : batch) guarded(f);
  batch.clear();
  if (local_.empty()) local_.swap(batch); // keeps the capacity
}

void event_loop::offload(std::function<void()> f) {
  if (offload_)
    offload_(std::move(f));
  else
    post(std::move(f));
}

bool event_loop::is_current() const noexcept { return current_loop == this; }

void event_loop::wake() {
  {
    const std::lock_guard lock{mutex_};
    if (remote_.empty() || remote_.back()) remote_.emplace_back(); // in its place between what is posted
  }
  call();
}

void event_loop::at_turn_end(turn_job& job) {
  if (job.waits_in_ != nullptr && !job.for_round_) return;
  jobs_.push_back(&job);
  job.waits_in_ = this;
  if (std::exchange(job.for_round_, false)) {
    std::replace(round_jobs_.begin(), round_jobs_.end(), &job, static_cast<turn_job*>(nullptr));
  }
  if (depth_ == 0) schedule();
}

void event_loop::at_round_end(turn_job& job) {
  if (!in_round_) return at_turn_end(job);
  if (job.waits_in_ != nullptr) return;
  round_jobs_.push_back(&job);
  job.waits_in_ = this;
  job.for_round_ = true;
}

void event_loop::end_round() noexcept {
  const turn t{*this};
  for (turn_job* job : round_jobs_) {
    if (job == nullptr) continue;
    job->for_round_ = false;
    jobs_.push_back(job);
  }
  round_jobs_.clear();
}

void event_loop::end_turn() noexcept {
  for (int round = 0; round < rounds_per_turn; ++round) {
    if (hook_ != nullptr) hook_(hook_self_);
    if (jobs_.empty()) return;
    running_jobs_.swap(jobs_);
    for (std::size_t i = 0; i < running_jobs_.size(); ++i) {
      turn_job* job = running_jobs_[i];
      if (job == nullptr) continue;
      running_jobs_[i] = nullptr;
      job->waits_in_ = nullptr;
      job->on_turn_end();
    }
    running_jobs_.clear();
  }
  wake(); // whatever is left
}

void event_loop::run() {
  current_loop = this;
  running_ = true;
  while (!stopped_.exchange(false)) {
    try {
      run_once();
    } catch (...) {
      log_.write(log_level::error, "exception on an I/O thread: " + describe_exception(std::current_exception()));
    }
  }
  running_ = false;
  current_loop = nullptr;
}

/// What waits on this thread, what others have asked for, and what is ready, for which it waits when there is nothing else.
void event_loop::run_once() {
  if (std::exchange(scheduled_, false)) {
    turn t{*this};
    run_ready();
  }
  if (called_.exchange(false)) run_remote();
  if (stopped_) return;
  const bool may_wait = !scheduled_ && !sockets_->has_work();
  if (may_wait) sleeps_ = true;
  sockets_->look(may_wait && !called_);
  sleeps_.store(false, std::memory_order_relaxed);
  sockets_->serve();
}

void event_loop::stop() {
  stopped_ = true;
  call();
}

template <class F>
void event_loop::guarded(const F& f) noexcept {
  try {
    f();
  } catch (...) {
    alarm_->errors.write_caught("turn", "exception in a turn: ");
  }
}

} // namespace swill::net
