#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace swill {

/// Writes lines from a thread of its own, so that whoever has something to say never waits for a reader or a disk. The thread starts with
/// the first line, and takes no signals; a line that cannot be written is dropped, nothing else.
///
/// When the process exits, what waits in all writers is given 0.4 s.
class line_writer {
public:
  /// Makes the line that tells of so many dropped ones.
  using report = std::string (*)(std::size_t dropped);
  /// Writes a line, and may wait as long as it likes. False when the line did not get out, or not all of it. Called by the writer's thread
  /// alone, also after the writer is gone; must not throw.
  using target = std::function<bool(const std::string& line)>;

  /// At most `most` bytes wait; when there would be more, the oldest lines are dropped. The first line that is written after a gap, at most
  /// once a second while the reader is too slow, is a report.
  line_writer(target t, std::size_t most, report r);
  line_writer(int descriptor, std::size_t most, report r);
  /// What waits is still written, but nobody waits for that.
  ~line_writer();
  line_writer& operator=(line_writer&&) = delete;

  /// The line with its end. From any thread; does not wait.
  void write(std::string line);

  /// Waits until everything is written, at most that long; true when it is.
  bool flush(std::chrono::milliseconds most);
  /// The same for all writers of this process, at most that long in all. Those of the parent of a fork() are not waited for in its child.
  static bool flush_all(std::chrono::milliseconds most);

  /// Lines that were dropped since it was made.
  std::size_t dropped() const;

private:
  struct state;
  std::shared_ptr<state> state_; // with the thread
};

/// Writes lines to a descriptor that it does not own, also to one that does not block. For one thread at a time.
class line_output {
public:
  explicit line_output(int descriptor) noexcept : descriptor_(descriptor) {}
  /// Waits until all of it is written; false when it cannot be. What follows a line of which a part got out begins on a line of its own.
  bool write(std::string_view line) noexcept;
  /// Bytes of the last line that got out where it could not be written.
  std::size_t torn() const noexcept { return torn_; }

private:
  std::size_t write_some(std::string_view text) noexcept;

  int descriptor_;
  std::size_t torn_ = 0;
};

/// Prints text on standard output, or on another descriptor, and waits half a second at most in all for its reader; what is left is dropped.
void print_in_time(std::string_view text) noexcept;
void print_in_time(int to, std::string_view text) noexcept;

} // namespace swill
