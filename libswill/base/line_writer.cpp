#include "libswill/base/line_writer.hpp"

#include "libswill/base/one_per_process.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

namespace swill {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds patience_at_exit{400};
constexpr milliseconds patience_for_reader{500};
constexpr milliseconds between_reports{1000};

} // namespace

struct line_writer::state {
  state(target t, std::size_t m, report r) : out(std::move(t)), most(m), tell(r) {}

  const target out;
  const std::size_t most;
  const report tell;

  std::mutex mutex; // guards what follows
  std::condition_variable changed;
  std::condition_variable emptied;
  std::deque<std::string> lines;
  std::size_t bytes = 0; ///< of these
  std::size_t dropped = 0;
  std::size_t untold = 0;             ///< of those dropped
  steady_clock::time_point told_at{}; ///< when the last report was written
  bool is_started = false;
  bool is_writing = false;
  bool has_ended = false;

  void drop(std::size_t n) {
    dropped += n;
    untold += n;
  }
  bool wants_report() const {
    if (untold == 0) return false;
    return lines.empty() || bytes <= most / 2 || steady_clock::now() - told_at >= between_reports;
  }
  bool is_idle() const { return lines.empty() && !is_writing; }
  bool start(const std::shared_ptr<state>& self);
  void run();
  bool write_report(std::unique_lock<std::mutex>& lock);
  bool write_next(std::unique_lock<std::mutex>& lock);
  bool write_unlocked(std::unique_lock<std::mutex>& lock, const std::string& line);
};

/// How much got out.
std::size_t line_output::write_some(std::string_view text) noexcept {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(descriptor_, text.data() + done, text.size() - done);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EAGAIN) { // somebody else has made it non-blocking
      pollfd p{descriptor_, POLLOUT, 0};
      ::poll(&p, 1, -1);
    } else if (n == 0 || errno != EINTR) {
      break;
    }
  }
  return done;
}

bool line_output::write(std::string_view line) noexcept {
  if (torn_ != 0 && write_some("\n") == 0) return false;
  const std::size_t done = write_some(line);
  torn_ = done != line.size() ? done : 0;
  return done == line.size();
}

/// A pipe that is ready to be written takes as much as PIPE_BUF at once, also where it blocks.
void print_in_time(int to, std::string_view text) noexcept {
  const auto until = steady_clock::now() + patience_for_reader;
  while (!text.empty()) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
    pollfd p{to, POLLOUT, 0};
    if (::poll(&p, 1, std::max(static_cast<int>(left.count()), 0)) == 0) return;
    const ssize_t n = ::write(to, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (n > 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
      return;
  }
}

void print_in_time(std::string_view text) noexcept { print_in_time(STDOUT_FILENO, text); }

// --- All writers of the process, so that what they hold is written when it ends

namespace {

template <class State>
struct writer_list {
  std::mutex mutex; // guards what follows
  std::vector<std::weak_ptr<State>> all;
};

template <class State>
writer_list<State>& writers() {
  static const bool are_flushed = [] {
    std::atexit([] { line_writer::flush_all(patience_at_exit); });
    std::at_quick_exit([] { line_writer::flush_all(patience_at_exit); });
    return true;
  }();
  static_cast<void>(are_flushed);
  return one_per_process<writer_list<State>>();
}

} // namespace

line_writer::line_writer(target t, std::size_t most, report r)
    : state_(std::make_shared<state>(std::move(t), most, r)) {
  auto& list = writers<state>();
  const std::lock_guard lock{list.mutex};
  std::erase_if(list.all, [](const auto& w) { return w.expired(); });
  list.all.push_back(state_);
}

line_writer::line_writer(int descriptor, std::size_t most, report r)
    : line_writer([out = line_output{descriptor}](const std::string& line) mutable { return out.write(line); }, most,
                  r) {}

line_writer::~line_writer() {
  const std::lock_guard lock{state_->mutex};
  state_->has_ended = true;
  state_->changed.notify_all();
}

bool line_writer::flush_all(milliseconds most) {
  std::vector<std::shared_ptr<state>> all;
  {
    auto& list = writers<state>();
    const std::lock_guard lock{list.mutex};
    for (const auto& w : list.all) {
      if (auto s = w.lock()) all.push_back(std::move(s));
    }
  }
  const auto until = steady_clock::now() + most;
  bool written = true;
  for (const auto& s : all) {
    std::unique_lock lock{s->mutex};
    if (!s->emptied.wait_until(lock, until, [&s] { return s->is_idle(); })) written = false;
  }
  return written;
}

// --- Its thread

bool line_writer::state::start(const std::shared_ptr<state>& self) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([self] { self->run(); }).detach();
    is_started = true;
  } catch (const std::system_error&) { // no more threads: the next line tries again
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return is_started;
}

void line_writer::write(std::string line) {
  state& s = *state_;
  const std::lock_guard lock{s.mutex};
  if (line.size() > s.most || (!s.is_started && !s.start(state_))) return s.drop(1);
  while (s.bytes + line.size() > s.most) {
    s.bytes -= s.lines.front().size();
    s.lines.pop_front();
    s.drop(1);
  }
  s.bytes += line.size();
  s.lines.push_back(std::move(line));
  if (s.lines.size() == 1) s.changed.notify_one();
}

/// While a line is being written, the lock is not held.
bool line_writer::state::write_unlocked(std::unique_lock<std::mutex>& lock, const std::string& line) {
  is_writing = true;
  lock.unlock();
  const bool written = out(line);
  lock.lock();
  is_writing = false;
  return written;
}

bool line_writer::state::write_report(std::unique_lock<std::mutex>& lock) {
  const std::size_t n = std::exchange(untold, 0);
  told_at = steady_clock::now();
  const bool written = write_unlocked(lock, tell(n));
  if (!written) untold += n;
  return written;
}

bool line_writer::state::write_next(std::unique_lock<std::mutex>& lock) {
  const std::string line = std::move(lines.front());
  lines.pop_front();
  bytes -= line.size();
  const bool written = write_unlocked(lock, line);
  if (!written) drop(1);
  return written;
}

void line_writer::state::run() {
  pthread_setname_np(pthread_self(), "swill-log");
  std::unique_lock lock{mutex};
  bool works = true; // what was written last got out
  for (;;) {
    changed.wait(lock, [this] { return !lines.empty() || has_ended; });
    if (lines.empty()) return;
    // Where nothing gets out, a report would not either: the next line is the one that tries.
    if (works && wants_report()) works = write_report(lock);
    if (!lines.empty()) works = write_next(lock);
    if (works && lines.empty() && untold != 0) works = write_report(lock);
    if (lines.empty()) emptied.notify_all();
  }
}

bool line_writer::flush(milliseconds most) {
  std::unique_lock lock{state_->mutex};
  return state_->emptied.wait_for(lock, most, [this] { return state_->is_idle(); });
}

std::size_t line_writer::dropped() const {
  const std::lock_guard lock{state_->mutex};
  return state_->dropped;
}

} // namespace swill
