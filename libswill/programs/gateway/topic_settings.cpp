#include "libswill/programs/gateway/topic_settings.hpp"

#include "libswill/base/mistakes.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"

#include <chrono>
#include <cstddef>
#include <utility>

namespace swill::programs {

void topic_settings::add_to(command_line& program) {
  const auto add = [&](option o) {
    options_.push_back(program.add(std::move(o)));
    return options_.back();
  };
  add({"--node-name", all_.node_name,
       "what this node is called in lists, events and the log, beside its id; none: the host's name"});
  add({"--topic-history", whole_number(all_.other_topics.history_length, 0, 1'000'000),
       "messages that each topic keeps", "COUNT"});
  add({"--topic-age", whole_number<std::chrono::seconds>(all_.other_topics.history_age, 1, 60L * 60 * 24 * 365),
       "how long a topic keeps a message", "SECONDS"});
  const auto add_bound = [&](const char* name, std::size_t& value, const char* unit, const char* text) {
    return add({name, whole_number(value, 0, mistake_list::largest_size), text, unit});
  };
  add_bound("--topic-count", all_.topic_count, "COUNT", "topics of this node; one more: ERROR 503");
  add_bound("--new-topics", all_.new_topics, "COUNT",
            "topics that one connection may bring into being at once, 0: any number; one more: ERROR 429");
  new_topics_per_second_ =
      add_bound("--new-topics-per-second", all_.new_topics_per_second, "COUNT", "and so many more in each second");
  kept_size_ = add_bound("--kept-size", all_.kept_size, "BYTES", "messages that topics keep in memory, together");
  add({"--topic-overflow",
       one_of(all_.other_topics.overflow,
              {{"buffer", overflow::buffer}, {"conflate", overflow::conflate}, {"drop_oldest", overflow::drop_oldest}}),
       "what happens to a subscriber that is too slow: see docs/pubsub.md"});
  add({"--topic-conflate-by", all_.other_topics.conflate_by,
       "with conflate: the field of a message that is its key; none: a topic's messages have one key"});
}

void topic_settings::require_redis(bool has_redis) const {
  for (const added_option o : options_) require_effect_of_argument(o, has_redis, "without --redis");
}

std::shared_ptr<pubsub> topic_settings::make(const std::optional<redis::place>& redis) const {
  require_effect(kept_size_, !redis, "with --redis, which keeps them");
  require_effect(new_topics_per_second_, all_.new_topics != 0, "where --new-topics is 0: any number");
  std::shared_ptr<broker> b;
  if (redis) b = std::make_shared<redis_broker>(*redis);
  return std::make_shared<pubsub>(all_, std::move(b));
}

} // namespace swill::programs
