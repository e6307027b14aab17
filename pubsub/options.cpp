#include "pubsub/options.hpp"

#include "actors/cluster/cluster.hpp"

#include <algorithm>

namespace swill {

namespace {

void check(const topic_options& o, const std::string& path, std::size_t message_size, mistake_list& out) {
  out.check_size(path + ".history_length", o.history_length);
  out.check_time(path + ".history_age", o.history_age);
  out.check_time(path + ".forget_after", o.forget_after);
  out.check_size(path + ".queue_length", o.queue_length, 1);
  out.check_size(path + ".queue_size", o.queue_size, 1);
  if (o.queue_size < message_size) {
    out.add(path + ".queue_size", "is " + std::to_string(o.queue_size) + ", less than pubsub_options.message_size (" +
                                      std::to_string(message_size) +
                                      "), one of which may always wait; at least that would be right");
  }
  if (!o.conflate_by.empty() && o.overflow != overflow::conflate)
    out.add(path + ".conflate_by",
            "has no effect: " + path + ".overflow is not conflate; that, or no field, would be right");
}

/// Patterns that are never reached.
void check_patterns(const pubsub_options& o, mistake_list& out) {
  for (std::size_t i = 0; i < o.topics.size(); ++i) {
    const topic_pattern& late = o.topics[i].first;
    for (std::size_t k = 0; k < i; ++k) {
      const topic_pattern& early = o.topics[k].first;
      if (!early.covers(late)) continue;
      out.add("pubsub_options.topics." + late.text(), "is never used: " + early.text() +
                                                          " stands before it and fits all of its topics; "
                                                          "the other order would be right");
      break;
    }
  }
}

} // namespace

void check(const pubsub_options& o, mistake_list& out) {
  constexpr std::chrono::milliseconds some{1};
  constexpr int heartbeats = 3; // pubsub_options::node_lease
  for (const auto& [pattern, options] : o.topics)
    check(options, "pubsub_options.topics." + pattern.text(), o.message_size, out);
  check(o.other_topics, "pubsub_options.other_topics", o.message_size, out);
  check(o.own_topics, "pubsub_options.own_topics", o.message_size, out);
  check_patterns(o, out);
  out.check_size("pubsub_options.topic_count", o.topic_count, 1);
  out.check_size("pubsub_options.new_topics", o.new_topics);
  out.check_size("pubsub_options.new_topics_per_second", o.new_topics_per_second);
  out.check_size("pubsub_options.subscriptions_per_connection", o.subscriptions_per_connection);
  out.check_size("pubsub_options.topic_length", o.topic_length, 1);
  out.check_size("pubsub_options.message_size", o.message_size, 1);
  out.check_size("pubsub_options.key_length", o.key_length);
  out.check_time("pubsub_options.key_age", o.key_age);
  out.check_size("pubsub_options.keys_per_topic", o.keys_per_topic);
  out.check_size("pubsub_options.kept_size", o.kept_size);
  out.check_size("pubsub_options.members_per_topic", o.members_per_topic);
  out.check_size("pubsub_options.member_size", o.member_size);
  out.check_size("pubsub_options.groups_per_connection", o.groups_per_connection);
  out.check_size("pubsub_options.history_page", o.history_page, 1);
  out.check_size("pubsub_options.remembered_positions", o.remembered_positions);
  check_node_name("pubsub_options.node_name", o.node_name, out);
  out.check_time("pubsub_options.heartbeat", o.heartbeat, some);
  out.check_time("pubsub_options.node_lease", o.node_lease, std::max(some, heartbeats * o.heartbeat));
  out.check_time("pubsub_options.check_interval", o.check_interval, some);
}

const topic_options& pubsub_options::of(std::string_view topic) const noexcept {
  for (const auto& [pattern, options] : topics) {
    if (pattern.matches(topic)) return options;
  }
  return is_reserved_topic(topic) ? own_topics : other_topics;
}

} // namespace swill
