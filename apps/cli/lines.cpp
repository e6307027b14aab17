#include "apps/cli/lines.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace swill::cli {

struct side_thread::state {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> jobs;

  void run() {
    for (std::unique_lock lock{mutex};;) {
      changed.wait(lock, [this] { return !jobs.empty(); });
      const auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }
};

side_thread::side_thread() : state_(std::make_shared<state>()) {
  std::thread([s = state_] { s->run(); }).detach();
}

void side_thread::run(std::function<void()> f) {
  const std::lock_guard lock{state_->mutex};
  state_->jobs.push_back(std::move(f));
  state_->changed.notify_one();
}

std::vector<line_source::line> line_source::next() {
  std::vector<line> lines;
  const auto add = [this, &lines](std::string_view text) {
    ++count_;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.find_first_not_of(" \t") != std::string_view::npos) lines.push_back({std::string{text}, count_});
  };
  std::array<char, 65536> chunk{};
  while (lines.empty() && !at_end_) {
    const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) { // somebody else has made it so
      pollfd wanted{STDIN_FILENO, POLLIN, 0};
      ::poll(&wanted, 1, -1);
      continue;
    }
    if (n < 0) throw std::system_error(errno, std::generic_category(), "stdin");
    at_end_ = n == 0;
    rest_.append(chunk.data(), static_cast<std::size_t>(n));
    std::size_t from = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
      add(std::string_view{rest_}.substr(from, end - from));
      from = end + 1;
    }
    rest_.erase(0, from);
    if (at_end_) add(std::exchange(rest_, {}));
  }
  return lines;
}

} // namespace swill::cli
