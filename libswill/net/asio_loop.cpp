#include "libswill/net/asio_loop.hpp"

#include "libswill/base/log_limiter.hpp"
#include "libswill/base/trace.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "libswill/net/poller.hpp"

#include <algorithm>
#include <string>

namespace swill::net {

namespace {

thread_local const asio_loop* current_loop = nullptr;

// Turn jobs may give actors something to do, which makes jobs. After so many rounds the sockets get their chance.
constexpr int rounds_per_turn = 8;

} // namespace

// The one timer of the loop, and the log that needs it. It is armed only when a deadline comes before the one it is armed for.
struct asio_loop::alarm {
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer;
  limited_log errors; ///< what may come with each turn
  bool armed = false;
  clock_time due{};
};

turn_job::~turn_job() {
  if (waits_in_ == nullptr) return;
  for (auto* list : {&waits_in_->jobs_, &waits_in_->running_jobs_, &waits_in_->round_jobs_})
    std::replace(list->begin(), list->end(), this, static_cast<turn_job*>(nullptr));
}

// Hint 1: one thread runs it. UNSAFE_IO, which leaves out the locks of sockets too, was measured and made no difference.
asio_loop::asio_loop(offload_function offload, const log_sink* log)
    : io_(std::make_unique<boost::asio::io_context>(1)),
      alarm_(new alarm{decltype(alarm::timer){*io_}, {*this, log, log_room::transport}}),
      offload_(std::move(offload)),
      log_(log, log_room::transport),
      now_(std::chrono::steady_clock::now()),
      sockets_(std::make_shared<poller>(*this)) {}

asio_loop::~asio_loop() {
  sockets_->close();
  sockets_.reset();
  alarm_.reset();
  kept_.clear();
  local_.clear();
  remote_.clear();
  io_.reset(); // destroys the handlers that wait, and with them what they own: timers_ must still be there
}

void asio_loop::keep(std::shared_ptr<void> object) {
  const void* key = object.get();
  kept_.emplace(key, std::move(object));
}

void asio_loop::let_go(const void* object) noexcept {
  const auto gone = kept_.extract(object); // destroyed when kept_ is itself again
}

void asio_loop::set_timer(timer& t, clock_time when) {
  timers_.set(t, when);
  if (when <= now_)
    schedule();
  else if (!alarm_->armed || when < alarm_->due)
    arm(when);
}

void asio_loop::arm(clock_time when) {
  alarm_->armed = true;
  alarm_->due = when;
  alarm_->timer.expires_at(when);
  alarm_->timer.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return; // armed anew for an earlier deadline
    turn t{*this};
    alarm_->armed = false;
    run_timers();
  });
}

void asio_loop::run_timers() {
  guarded([this] { timers_.run_due(now_); });
  const auto next = timers_.next_due();
  if (!next) return;
  if (*next <= now_)
    schedule(); // set anew while they ran, or left over after an exception
  else if (!alarm_->armed || *next < alarm_->due)
    arm(*next);
}

void asio_loop::post(std::function<void()> f) {
  if (is_current()) {
    local_.push_back(std::move(f));
    schedule();
    return;
  }
  bool first = false;
  {
    std::lock_guard lock{mutex_};
    first = remote_.empty();
    remote_.push_back(std::move(f));
  }
  if (first) boost::asio::post(*io_, [this] { run_remote(); });
}

void asio_loop::run_remote() {
  turn t{*this};
  std::vector<std::function<void()>> batch;
  {
    std::lock_guard lock{mutex_};
    batch.swap(remote_);
  }
  for (auto& f : batch) guarded(f);
}

void asio_loop::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  boost::asio::post(*io_, [this] {
    turn t{*this};
    scheduled_ = false;
    run_ready();
  });
}

void asio_loop::run_ready() {
  std::vector<std::function<void()>> batch;
  batch.swap(local_);
  if (const auto next = timers_.next_due(); next && *next <= now_) run_timers();
  for (auto& f : batch) guarded(f);
  batch.clear();
  if (local_.empty()) local_.swap(batch); // keeps the capacity
}

void asio_loop::offload(std::function<void()> f) {
  if (offload_)
    offload_(std::move(f));
  else
    post(std::move(f));
}

bool asio_loop::is_current() const noexcept { return current_loop == this; }

void asio_loop::wake() {
  if (woken_.exchange(true)) return;
  boost::asio::post(*io_, [this] {
    woken_ = false;
    turn t{*this};
  });
}

void asio_loop::at_turn_end(turn_job& job) {
  if (job.waits_in_ != nullptr) return;
  jobs_.push_back(&job);
  job.waits_in_ = this;
  if (depth_ == 0) schedule();
}

void asio_loop::at_round_end(turn_job& job) {
  if (!in_round_) return at_turn_end(job);
  if (job.waits_in_ != nullptr) return;
  round_jobs_.push_back(&job);
  job.waits_in_ = this;
}

void asio_loop::end_round() noexcept {
  const turn t{*this};
  jobs_.insert(jobs_.end(), round_jobs_.begin(), round_jobs_.end());
  round_jobs_.clear();
}

void asio_loop::end_turn() noexcept {
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

void asio_loop::run() {
  current_loop = this;
  running_ = true;
  auto work = boost::asio::make_work_guard(*io_);
  for (bool again = true; again;) {
    again = false;
    try {
      io_->run();
    } catch (...) {
      log_.write(log_level::error, "exception on an I/O thread: " + describe_exception(std::current_exception()));
      again = true;
    }
  }
  running_ = false;
  current_loop = nullptr;
}

void asio_loop::stop() { io_->stop(); }

template <class F>
void asio_loop::guarded(const F& f) noexcept {
  try {
    f();
  } catch (...) {
    alarm_->errors.write_caught("turn", "exception in a turn: ");
  }
}

} // namespace swill::net
