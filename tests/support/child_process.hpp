#pragma once

#include "tests/support/patience.hpp"

#include <chrono>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace swill::test {

/// Resident memory of a process in bytes; 0 when it is not there. Not from /proc/PID/statm, which is off by some pages for each processor.
inline std::size_t memory_of(pid_t process) {
  std::ifstream rollup{"/proc/" + std::to_string(process) + "/smaps_rollup"};
  std::size_t kilobytes = 0;
  for (std::string word; kilobytes == 0 && rollup >> word;) {
    if (word == "Rss:") rollup >> kilobytes;
  }
  return kilobytes * 1024;
}

/// What a child gets for its standard streams; -1: nothing to read, output that goes nowhere, the errors of this process.
struct child_streams {
  int in = -1;
  int out = -1;
  int errors = -1;
};

/// A program that runs beside this one. It is killed with this object, and with the thread that made it, however that ends.
class child_process {
public:
  /// `command`: the program, looked for on PATH where it has no slash, and its arguments. `environment`: "NAME=value", beside that of this
  /// process. Throws std::runtime_error when no process can be made; a program that is not there ends with 127.
  explicit child_process(std::vector<std::string> command, child_streams s = {},
                         std::vector<std::string> environment = {}) {
    std::vector<char*> arguments = pointers(command), variables = pointers(environment);
    variables.pop_back();
    for (char** e = environ; *e != nullptr; ++e) variables.push_back(*e);
    variables.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot start " + command.front());
    if (pid_ == 0) become(arguments.data(), variables.data(), s, parent);
  }
  ~child_process() {
    if (!is_running()) return;
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void signal(int which) const {
    if (pid_ > 0) ::kill(pid_, which);
  }

  bool is_running() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ > 0;
  }

  /// Waits for its end, with patience (patient()); the exit code, or 128 + the signal that ended it. Throws std::runtime_error after that
  /// time.
  int wait(std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + patient(limit);
    while (is_running()) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("a process does not end");
      ::poll(nullptr, 0, 1);
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

private:
  static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    out.reserve(words.size() + 1);
    for (std::string& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
  }

  /// Runs in the child: only what is safe after a fork in a program with threads.
  [[noreturn]] static void become(char* const* arguments, char* const* variables, child_streams s, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127); // it died before the line above
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(s.in >= 0 ? s.in : null, STDIN_FILENO);
    ::dup2(s.out >= 0 ? s.out : null, STDOUT_FILENO);
    if (s.errors >= 0) ::dup2(s.errors, STDERR_FILENO);
    for (int fd = 3; fd < 1024; ++fd) ::close(fd); // a socket kept open here would hide the end of the one who owns it
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvpe(arguments[0], arguments, variables);
    ::_exit(127);
  }

  pid_t pid_ = 0;
  int status_ = 0;
};

} // namespace swill::test
