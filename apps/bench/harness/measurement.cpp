#include "apps/bench/harness/measurement.hpp"

#include "apps/bench/load/client.hpp"

#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace swill::bench {
namespace {

void replace_all(std::string& text, const std::string& word, const std::string& by) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size())) {
    text.replace(at, word.size(), by);
  }
}

// Not /proc/self/exe itself: under that name a profiler would show the server as "exe".
std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::vector<std::string> expand(const server_spec& spec, std::uint16_t port, unsigned threads) {
  std::vector<std::string> words;
  std::istringstream command(spec.command);
  for (std::string word; command >> word;) {
    replace_all(word, "{port}", std::to_string(port));
    replace_all(word, "{threads}", std::to_string(threads));
    replace_all(word, "{self}", own_path());
    words.push_back(std::move(word));
  }
  if (words.empty()) throw std::runtime_error("no command for server " + spec.label);
  return words;
}

} // namespace

running_server::running_server(const server_spec& spec, unsigned threads)
    : port(find_free_port()), process(expand(spec, port, threads), port) {}

moment moment::now(const child_process& server) {
  return {monotonic_ns(), server.cpu_ns(), own_cpu_ns(), server.children_cpu_ns()};
}

void require_no_errors(const tally& t) {
  if (t.errors == 0) return;
  throw std::runtime_error(std::to_string(t.errors) + " wrong answers, the first: " + t.first_error);
}

metrics evaluate(const moment& from, const moment& to, const tally& t) {
  require_no_errors(t);
  if (t.messages == 0) throw std::runtime_error("not one answer");
  const auto messages = static_cast<double>(t.messages);
  const auto wall = static_cast<double>(to.wall_ns - from.wall_ns);
  const auto server = static_cast<double>(to.server_cpu_ns - from.server_cpu_ns);
  const auto client = static_cast<double>(to.client_cpu_ns - from.client_cpu_ns);
  metrics m{{"cpu_us", server / messages / 1e3},
            {"rate", messages / wall * 1e9},
            {"client_us", client / messages / 1e3},
            {"busy", server / wall}};
  if (to.children_cpu_ns != 0)
    m["children_us"] = static_cast<double>(to.children_cpu_ns - from.children_cpu_ns) / messages / 1e3;
  if (t.latency.total() > 0) {
    m["p50_us"] = t.latency.quantile(0.50) / 1e3;
    m["p99_us"] = t.latency.quantile(0.99) / 1e3;
  }
  return m;
}

} // namespace swill::bench
