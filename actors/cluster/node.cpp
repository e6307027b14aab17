#include "actors/cluster/node.hpp"

#include "libswill/base/error.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"

#include <array>
#include <unistd.h>

namespace swill {

namespace {
constexpr std::size_t longest_name = 64;
} // namespace

node_info make_node(const std::string& name) { return {random_hex(8), node_name_or_host(name)}; }

std::string node_name_or_host(const std::string& name) {
  std::array<char, 256> host{};
  if (!name.empty() || ::gethostname(host.data(), host.size() - 1) != 0) return name;
  return std::string{cut_text(printable(host.data()), longest_name)};
}

void check_node_name(std::string path, std::string_view name, mistake_list& out) {
  out.check_text(std::move(path), name, longest_name);
}

} // namespace swill
