#include "libswill/transport/detail/memory.hpp"

#include <charconv>
#include <fstream>
#include <limits>
#include <unistd.h>

namespace swill::transport::detail {

namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

std::size_t machine_memory() noexcept {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(size) : no_limit;
}

// The number in a file; no limit where there is no such file, or "max" in it.
std::size_t number_in(const std::string& path) {
  std::string text;
  std::ifstream{path} >> text;
  std::size_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc{} && end == text.data() + text.size() ? n : no_limit;
}

// A group is bounded by all above it. Inside a container the path may be the host's, and only the root is there.
std::size_t least_on_the_way(const std::string& mount, std::string group, const char* file) {
  std::size_t least = no_limit;
  while (true) {
    least = std::min(least, number_in(mount + group + '/' + file));
    const auto slash = group.rfind('/');
    if (slash == std::string::npos) return least;
    group.erase(slash);
  }
}

} // namespace

// /proc/self/cgroup has lines "ID:CONTROLLERS:PATH"; ID 0 without controllers is version 2 (cgroups(7)).
std::size_t usable_memory(const std::string& root) {
  std::size_t least = machine_memory();
  std::ifstream groups{root + "/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
    const std::string path = line.substr(second + 1);
    if (line.starts_with("0::"))
      least = std::min(least, least_on_the_way(root + "/sys/fs/cgroup", path, "memory.max"));
    else if (controllers.find(",memory,") != std::string::npos)
      least = std::min(least, least_on_the_way(root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
  }
  return least;
}

std::size_t server_memory(std::size_t wanted, std::size_t usable, std::size_t largest_message) noexcept {
  constexpr std::size_t most_by_default = 256 * 1024 * 1024;
  constexpr std::size_t messages = 8;
  if (wanted == 0) wanted = std::min(usable / 4, most_by_default);
  return largest_message > no_limit / messages ? no_limit : std::max(wanted, messages * largest_message);
}

} // namespace swill::transport::detail
