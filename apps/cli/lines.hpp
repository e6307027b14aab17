#pragma once

#include <cstdint>
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

private:
  struct state;
  std::shared_ptr<state> state_; // shared with the thread
};

/// Lines of stdin, many at a time.
class line_source {
public:
  struct line {
    std::string text;
    std::uint64_t number = 0; ///< from 1, as an editor counts
  };
  /// Blocks for the next ones; empty at the end. Empty lines are left out, but counted. Throws std::system_error.
  std::vector<line> next();

private:
  std::string rest_;
  std::uint64_t count_ = 0;
  bool at_end_ = false;
};

} // namespace swill::cli
