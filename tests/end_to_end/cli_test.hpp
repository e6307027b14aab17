#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace swill::test {

/// The binary `swill`, running. Every wait has a limit of 20 seconds, after which it throws std::runtime_error.
class cli_program {
public:
  /// `terminal`: its stderr is one.
  explicit cli_program(const std::vector<std::string>& arguments, bool terminal = false);
  ~cli_program();
  cli_program(const cli_program&) = delete;
  cli_program& operator=(const cli_program&) = delete;

  void write(std::string_view text) const;
  void close_stdin();
  void interrupt() const;

  /// The next line of stdout, without its end.
  std::string read_line();
  /// Whatever stderr says next; empty at its end.
  std::string read_errors();

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
  static bool read_some(int fd, std::string& to);

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int errors_ = -1;
  std::string buffered_;
};

/// Runs it to its end with this on its stdin.
cli_program::ending run_cli(const std::vector<std::string>& arguments, std::string_view input = {});

} // namespace swill::test
