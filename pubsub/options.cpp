#include "pubsub/options.hpp"

#include "libswill/base/error.hpp"
#include "libswill/wire/utf8.hpp"

#include <array>
#include <unistd.h>

namespace swill {

std::string node_name_or_host(std::string_view name) {
  constexpr std::size_t longest = 64;
  std::array<char, 256> host{};
  if (name.empty() && ::gethostname(host.data(), host.size() - 1) == 0) name = host.data();
  return wire::make_valid_utf8(cut_text(name, longest));
}

const topic_options& pubsub_options::of(std::string_view topic) const noexcept {
  for (const auto& [pattern, options] : topics) {
    if (pattern.matches(topic)) return options;
  }
  return is_reserved_topic(topic) ? own_topics : other_topics;
}

} // namespace swill
