#include "apps/bench/harness/measurement.hpp"

#include "tests/support/free_port.hpp"

#include <poll.h>

#include <ctime>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace swill::bench {
namespace {

constexpr int ready_attempts = 750;
constexpr int attempt_ms = 20;

void replace_all(std::string& text, const std::string& word, const std::string& by) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size())) {
    text.replace(at, word.size(), by);
  }
}

std::vector<std::string> expand(const server_spec& spec, std::uint16_t port, unsigned threads) {
  std::vector<std::string> words;
  std::istringstream command(spec.command);
  for (std::string word; command >> word;) {
    replace_all(word, "{port}", std::to_string(port));
    replace_all(word, "{threads}", std::to_string(threads));
    // Not /proc/self/exe itself: under that name a profiler would show the server as "exe".
    replace_all(word, "{self}", std::filesystem::read_symlink("/proc/self/exe").string());
    words.push_back(std::move(word));
  }
  if (words.empty()) throw std::runtime_error("no command for server " + spec.label);
  return words;
}

/// CPU time of all threads of a process, user and system, in ns.
double cpu_ns_of(pid_t pid) {
  clockid_t clock{};
  timespec t{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &t) != 0)
    throw std::runtime_error("the server has died");
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// The same of the processes that it has started.
double children_cpu_ns_of(pid_t pid) {
  double sum = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) sum += cpu_ns_of(child);
  }
  return sum;
}

} // namespace

running_server::running_server(const server_spec& spec, unsigned threads)
    : tls_authority_(spec.tls_authority), port_(test::free_port()), process_(expand(spec, port_, threads)) {
  for (int i = 0; i < ready_attempts; ++i) {
    if (!process_.is_running()) throw std::runtime_error("the server ended before it listened");
    try {
      connect();
      return;
    } catch (const std::system_error&) { // it does not listen yet
      ::poll(nullptr, 0, attempt_ms);
    }
  }
  throw std::runtime_error("the server did not listen in time");
}

void require_no_errors(const tally& t) {
  if (t.errors == 0) return;
  throw std::runtime_error(std::to_string(t.errors) + " wrong answers, the first: " + t.first_error);
}

metrics measure(const running_server& server, tally& seen, const std::function<void()>& load) {
  const auto clocks = [&] {
    return std::array{static_cast<double>(monotonic_ns()), cpu_ns_of(server.pid()), cpu_ns_of(::getpid()),
                      children_cpu_ns_of(server.pid())};
  };
  seen.clear();
  const auto before = clocks();
  load();
  auto [wall, cpu, client, children] = clocks();
  require_no_errors(seen);
  if (seen.messages == 0) throw std::runtime_error("not one answer");
  wall -= before[0];
  cpu -= before[1];
  const auto us_of_each = 1e3 * static_cast<double>(seen.messages);
  metrics m{{"cpu_us", cpu / us_of_each},
            {"rate", static_cast<double>(seen.messages) / wall * 1e9},
            {"client_us", (client - before[2]) / us_of_each},
            {"busy", cpu / wall},
            {"rss_mb", server.rss() / 1e6}};
  if (children != 0) m["children_us"] = (children - before[3]) / us_of_each;
  const auto us = [&](double share) { return static_cast<double>(seen.latency.quantile(share).count()) / 1e3; };
  if (seen.latency.count() != 0) m["p50_us"] = us(0.50), m["p99_us"] = us(0.99);
  return m;
}

void repeat_for(std::chrono::nanoseconds duration, const std::function<void()>& f) {
  const auto end = monotonic_ns() + static_cast<std::uint64_t>(duration.count());
  do f();
  while (monotonic_ns() < end);
}

} // namespace swill::bench
