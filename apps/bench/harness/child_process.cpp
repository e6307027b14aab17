#include "apps/bench/harness/child_process.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace swill::bench {
namespace {

constexpr int ready_attempts = 750;
constexpr int attempt_ms = 20;

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::uint64_t read_clock(clockid_t clock) {
  timespec t{};
  if (::clock_gettime(clock, &t) != 0) throw_errno("clock_gettime");
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

std::uint64_t cpu_ns_of(pid_t pid) {
  clockid_t clock{};
  if (const int error = ::clock_getcpuclockid(pid, &clock); error != 0) {
    throw std::system_error(error, std::generic_category(), "the server has died");
  }
  return read_clock(clock);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool accepts_connections(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

// Between fork and exec only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127); // it died before the line above
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO); // stderr stays: a server that fails should be heard
  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

} // namespace

child_process::child_process(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) become(arguments.data(), parent);
}

child_process::child_process(const std::vector<std::string>& command, std::uint16_t port) : child_process(command) {
  try {
    wait_until_ready(port);
  } catch (...) {
    end();
    throw;
  }
}

child_process::~child_process() { end(); }

void child_process::wait_until_ready(std::uint16_t port) {
  for (int i = 0; i < ready_attempts; ++i) {
    if (accepts_connections(port)) return;
    if (has_ended()) throw std::runtime_error("the server ended before it listened");
    ::poll(nullptr, 0, attempt_ms);
  }
  throw std::runtime_error("the server did not listen in time");
}

bool child_process::has_ended() {
  if (::waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

// SIGKILL, because a measurement is over when it is over; orderly shutdown has its own tests.
void child_process::end() noexcept {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::uint64_t child_process::cpu_ns() const { return cpu_ns_of(pid_); }

std::uint64_t child_process::children_cpu_ns() const {
  std::uint64_t sum = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) sum += cpu_ns_of(child);
  }
  return sum;
}

std::uint64_t child_process::rss_bytes() const {
  std::ifstream rollup("/proc/" + std::to_string(pid_) + "/smaps_rollup");
  for (std::string word; rollup >> word;) {
    if (word != "Rss:") continue;
    std::uint64_t kilobytes = 0;
    rollup >> kilobytes;
    return kilobytes * 1024;
  }
  throw std::runtime_error("cannot read the memory of the server");
}

std::uint64_t own_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

std::uint16_t find_free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!bound) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

} // namespace swill::bench
