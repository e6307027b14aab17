#include "libswill/base/line_writer.hpp"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

namespace swill {

struct line_writer::state {
  state(int d, std::size_t m, report r) : descriptor(d), most(m), tell(r) {}

  const int descriptor;
  const std::size_t most;
  const report tell;

  std::mutex mutex; // guards what follows
  std::condition_variable changed;
  std::condition_variable emptied;
  std::deque<std::string> lines;
  std::size_t bytes = 0; ///< of these, and of the one that is being written
  std::size_t dropped = 0;
  bool is_started = false;
  bool is_writing = false;
  bool has_ended = false;

  void push(std::string line) {
    bytes += line.size();
    lines.push_back(std::move(line));
  }
  void push_report() { push(tell(std::exchange(dropped, 0))); }
  bool start(const std::shared_ptr<state>& self);
  void run();
};

namespace {

/// False when it did not get out, or not all of it.
bool write_all(int descriptor, const std::string& line) noexcept {
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t n = ::write(descriptor, line.data() + done, line.size() - done);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EAGAIN) { // somebody else has made it non-blocking
      pollfd p{descriptor, POLLOUT, 0};
      ::poll(&p, 1, -1);
    } else if (n == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

} // namespace

line_writer::line_writer(int descriptor, std::size_t most, report r)
    : state_(std::make_shared<state>(descriptor, most, r)) {}

line_writer::~line_writer() {
  const std::lock_guard lock{state_->mutex};
  state_->has_ended = true;
  state_->changed.notify_all();
}

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
  const bool has_room = s.bytes + line.size() <= s.most && (s.dropped == 0 || s.bytes <= s.most / 2);
  if (!has_room || (!s.is_started && !s.start(state_))) {
    ++s.dropped;
    return;
  }
  if (s.dropped != 0) s.push_report();
  s.push(std::move(line));
  s.changed.notify_one();
}

void line_writer::state::run() {
  pthread_setname_np(pthread_self(), "swill-log");
  std::unique_lock lock{mutex};
  for (;;) {
    changed.wait(lock, [this] { return !lines.empty() || has_ended; });
    if (lines.empty()) return;
    const std::string line = std::move(lines.front());
    lines.pop_front();
    is_writing = true;
    lock.unlock();
    const bool written = write_all(descriptor, line);
    lock.lock();
    is_writing = false;
    bytes -= line.size();
    if (!written) ++dropped;
    if (!lines.empty()) continue;
    if (written && dropped != 0) {
      push_report();
    } else {
      emptied.notify_all();
    }
  }
}

bool line_writer::flush(std::chrono::milliseconds most) {
  std::unique_lock lock{state_->mutex};
  return state_->emptied.wait_for(lock, most, [this] { return state_->lines.empty() && !state_->is_writing; });
}

} // namespace swill
