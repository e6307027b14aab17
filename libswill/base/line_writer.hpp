#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace swill {

/// Writes lines to a descriptor from a thread of its own, so that whoever has something to say never waits for a reader. The thread
/// starts with the first line, and takes no signals; writing to a pipe whose reader has gone is no more than lines that are dropped.
class line_writer {
public:
  /// Makes the line that tells of so many dropped ones.
  using report = std::string (*)(std::size_t dropped);

  /// At most `most` bytes wait; further lines are dropped. Once half of it is free again, the next line comes after a report.
  line_writer(int descriptor, std::size_t most, report r);
  /// What waits is still written, but nobody waits for that.
  ~line_writer();
  line_writer(const line_writer&) = delete;
  line_writer& operator=(const line_writer&) = delete;

  /// The line with its end. From any thread; does not wait.
  void write(std::string line);

  /// Waits until everything is written, at most that long; true when it is.
  bool flush(std::chrono::milliseconds most);

private:
  struct state;
  std::shared_ptr<state> state_; // with the thread
};

} // namespace swill
