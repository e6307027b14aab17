#include "pubsub/options.hpp"

namespace swill {

const topic_options& pubsub_options::of(std::string_view topic) const noexcept {
  for (const auto& [pattern, options] : topics) {
    if (pattern.matches(topic)) return options;
  }
  return is_reserved_topic(topic) ? own_topics : other_topics;
}

} // namespace swill
