#pragma once

#include "tests/support/child_process.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill::test {

/// The directory of this test program, where all programs of the build are.
std::string program_directory();

/// A program, running. Every wait has a limit of 20 seconds, after which it throws std::runtime_error. It is killed with this object.
class program {
public:
  enum class terminal { none, output, errors, both }; ///< of stdout and stderr, what is one

  /// `name`: one of ours, or a path.
  program(const std::string& name, const std::vector<std::string>& arguments, terminal t = terminal::none);
  ~program();
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  pid_t pid() const noexcept { return process_->pid(); }
  void write(std::string_view text) const;
  void close_stdin();
  /// Nobody reads its stderr any more.
  void close_errors();
  void interrupt() const { signal(SIGINT); }
  void signal(int which) const { process_->signal(which); }

  /// The next line of stdout, without its end. On a terminal lines end with "\r\n".
  std::string read_line();
  /// Whatever stderr says next, and stdout when both are one terminal; empty at its end, and when nothing comes within a `patience` below
  /// the limit.
  std::string read_errors(std::chrono::milliseconds patience = limit);

  struct ending {
    int code = -1; ///< 128 + N when signal N ended it
    std::string out;
    std::string errors;
  };
  /// Closes stdin and waits for the end; what was not read before is in it.
  ending finish();
  /// The same, leaving stdin open.
  ending wait();

private:
  static constexpr std::chrono::seconds limit{20};

  static bool read_some(int fd, std::string& to);

  std::optional<child_process> process_;
  int in_ = -1;
  int out_ = -1;
  int errors_ = -1;
  std::string buffered_;
};

/// Runs `swill` to its end with this on its stdin.
program::ending run_cli(const std::vector<std::string>& arguments, std::string_view input = {});

/// Where a gateway says that it listens: the one line that it prints where its output is no terminal. Throws std::runtime_error when it says
/// something else.
std::vector<std::string> read_urls(program& gateway);

/// Some options, and more of them.
inline std::vector<std::string> with(std::vector<std::string> options, const std::vector<std::string>& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

} // namespace swill::test
