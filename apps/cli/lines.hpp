#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace swill::cli {

/// A thread for what blocks: the loop's pool. It is left behind when the program ends while it waits for stdin.
class side_thread {
public:
  side_thread();

  void run(std::function<void()> f);
  /// Something is under way that may never end.
  bool is_busy() const;

private:
  struct state;
  std::shared_ptr<state> state_; // shared with the thread
};

/// Lines of stdin, many at a time.
class line_source {
public:
  /// Blocks for the next ones; empty at the end. Empty lines are left out. Throws std::system_error.
  std::vector<std::string> next();

private:
  std::string rest_;
  bool at_end_ = false;
};

} // namespace swill::cli
