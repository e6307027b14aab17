#include "apps/bench/harness/child_process.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
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

} // namespace

child_process::child_process(std::vector<std::string> command, std::uint16_t port) : process_(std::move(command)) {
  wait_until_ready(port);
}

void child_process::wait_until_ready(std::uint16_t port) {
  for (int i = 0; i < ready_attempts; ++i) {
    if (accepts_connections(port)) return;
    if (!process_.is_running()) throw std::runtime_error("the server ended before it listened");
    ::poll(nullptr, 0, attempt_ms);
  }
  throw std::runtime_error("the server did not listen in time");
}

std::uint64_t child_process::cpu_ns() const { return cpu_ns_of(process_.pid()); }

std::uint64_t child_process::children_cpu_ns() const {
  std::uint64_t sum = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process_.pid()) + "/task")) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) sum += cpu_ns_of(child);
  }
  return sum;
}

std::uint64_t child_process::rss_bytes() const {
  std::ifstream rollup("/proc/" + std::to_string(process_.pid()) + "/smaps_rollup");
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
