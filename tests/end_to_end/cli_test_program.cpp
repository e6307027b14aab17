#include "tests/end_to_end/cli_test.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace swill::test {

namespace {

constexpr int patience_ms = 20000;

/// Beside this test program.
std::string binary() { return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "swill"; }

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return ends;
}

std::array<int, 2> make_terminal() {
  std::array<int, 2> ends{};
  if (::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) != 0) throw std::runtime_error("openpty");
  ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return ends;
}

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  ::_exit(127);
}

} // namespace

cli_program::cli_program(const std::vector<std::string>& arguments, bool terminal) {
  const std::string program = binary();
  const auto in = make_pipe();
  const auto out = make_pipe();
  const auto errors = terminal ? make_terminal() : make_pipe();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(errors[1], STDERR_FILENO);
    become(program, arguments);
  }
  ::close(in[0]);
  ::close(out[1]);
  ::close(errors[1]);
  in_ = in[1];
  out_ = out[0];
  errors_ = errors[0];
}

cli_program::~cli_program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_stdin();
  ::close(out_);
  ::close(errors_);
}

void cli_program::write(std::string_view text) const {
  if (::write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("swill does not read");
}

void cli_program::close_stdin() {
  if (in_ >= 0) ::close(in_);
  in_ = -1;
}

void cli_program::interrupt() const { ::kill(pid_, SIGINT); }

bool cli_program::read_some(int fd, std::string& to) {
  pollfd p{fd, POLLIN, 0};
  if (::poll(&p, 1, patience_ms) <= 0) throw std::runtime_error("swill says nothing");
  std::array<char, 65536> chunk{};
  const ssize_t n = ::read(fd, chunk.data(), chunk.size());
  if (n > 0) to.append(chunk.data(), static_cast<std::size_t>(n));
  return n > 0;
}

std::string cli_program::read_line() {
  while (buffered_.find('\n') == std::string::npos) {
    if (!read_some(out_, buffered_)) throw std::runtime_error("swill has ended");
  }
  const auto end = buffered_.find('\n');
  std::string line = buffered_.substr(0, end);
  buffered_.erase(0, end + 1);
  return line;
}

std::string cli_program::read_errors() {
  std::string text;
  read_some(errors_, text);
  return text;
}

cli_program::ending cli_program::finish() {
  close_stdin();
  return wait();
}

cli_program::ending cli_program::wait() {
  ending e;
  e.out = std::move(buffered_);
  while (read_some(out_, e.out)) {
  }
  while (read_some(errors_, e.errors)) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  e.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return e;
}

cli_program::ending run_cli(const std::vector<std::string>& arguments, std::string_view input) {
  cli_program p{arguments};
  if (!input.empty()) p.write(input);
  return p.finish();
}

} // namespace swill::test
