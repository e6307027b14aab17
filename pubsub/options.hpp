#pragma once

#include "libswill/base/mistakes.hpp"
#include "pubsub/topic.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace swill {

/// What happens when a subscriber's queue is full.
/// IF YOU ADD A VALUE: pubsub/detail/subscription.cpp, docs/pubsub.md.
enum class overflow : std::uint8_t {
  buffer,      ///< its stream ends with ERROR 429, whose data say where to go on
  drop_oldest, ///< the oldest that waits is dropped; the subscriber sees its offsets jump
  conflate,    ///< of messages with the same key only the newest waits; when the queue is still full, as drop_oldest
};

/// How topics of one pattern are kept.
struct topic_options {
  /// Messages that are kept for those who come late or missed some. 0: none. When reached: the oldest is forgotten.
  std::size_t history_length = 100;
  /// How long a message is kept. When reached: it is forgotten.
  std::chrono::milliseconds history_age{std::chrono::minutes{5}};
  /// How long a topic without messages and subscribers is remembered after its last message. When reached: it is forgotten; it begins anew
  /// with another epoch. Of a topic that never had a message nothing stays.
  std::chrono::milliseconds forget_after{std::chrono::minutes{10}};
  /// The last message is kept as long as the topic, and is the first that a subscriber without `since` gets.
  bool retain_last = false;
  swill::overflow overflow = swill::overflow::buffer;
  /// With overflow::conflate: the field of a message (which is a map) whose value is the key. Empty, or no such field: all messages of
  /// the topic have one key.
  std::string conflate_by{};
  /// Clients that subscribe are members of the topic's presence.
  bool presence = false;
  /// Messages that may wait for one subscriber. When reached: `overflow` says what happens.
  std::size_t queue_length = 256;
  /// Bytes of messages that may wait for one subscriber; at least pubsub_options::message_size. When reached: as queue_length.
  std::size_t queue_size = 1024 * 1024;
};

/// Every limit, default and timeout of pub/sub. Sizes are bytes.
struct pubsub_options {
  /// How topics are kept, by pattern; the first that fits holds, else `other_topics`.
  std::vector<std::pair<topic_pattern, topic_options>> topics{};
  topic_options other_topics{};
  /// Topics of the library itself: messages to connections, users, groups, and about presence.
  topic_options own_topics{16, std::chrono::seconds{30}, std::chrono::seconds{60}};

  /// Topics that this node keeps (memory) or listens to. When reached: ERROR 503.
  std::size_t topic_count = 1'000'000;
  /// Topics without any message yet that one connection may subscribe or publish to at once, by its client's requests. When reached: ERROR 429
  /// with data.retry_after_ms. 0: any number.
  std::size_t new_topics = 200;
  /// How many more of them it may each second.
  std::size_t new_topics_per_second = 20;
  /// Subscriptions of one connection by clients' requests. When reached: ERROR 429.
  std::size_t subscriptions_per_connection = 100;
  /// Name of a topic. When reached: ERROR 400.
  std::size_t topic_length = 255;
  /// An encoded message. When reached: ERROR 413.
  std::size_t message_size = 64 * 1024;
  /// An idempotency key. When reached: ERROR 400.
  std::size_t key_length = 128;
  /// How long an idempotency key is remembered.
  std::chrono::milliseconds key_age{std::chrono::minutes{5}};
  /// Idempotency keys that a memory_broker remembers for one topic. When reached: the oldest is forgotten.
  std::size_t keys_per_topic = 10'000;
  /// Bytes of messages and idempotency keys that a memory_broker keeps of all topics together. When reached: the topics that were published to
  /// longest ago lose their oldest messages, then their keys.
  std::size_t kept_size = 256 * 1024 * 1024;
  /// Members of one topic's presence. When reached: those beyond are not listed, and entering fails with ERROR 429.
  std::size_t members_per_topic = 10'000;
  /// Encoded data of one member. When reached: ERROR 413.
  std::size_t member_size = 1024;
  /// Groups of one connection. When reached: ERROR 429.
  std::size_t groups_per_connection = 100;
  /// Messages read from history at once; more are read piece by piece.
  std::size_t history_page = 512;

  /// Redis: topics that nobody here listens to whose last position this node keeps, so that it notices when Redis has lost it. When reached:
  /// the one that was used longest ago is forgotten.
  std::size_t remembered_positions = 10'000;
  /// What this node is called wherever nodes are listed, beside its id; at most 64 bytes without control characters. Empty: the host's name,
  /// which in a container is the container's.
  std::string node_name{};
  /// Redis: between signs of life of this node, and looks at the others. A node that comes or goes is announced: others need not wait for it.
  std::chrono::milliseconds heartbeat{3000};
  /// Redis: a node without a sign of life for so long is dead: its presence ends. Three heartbeats at least.
  std::chrono::milliseconds node_lease{10000};
  /// Redis: how often a topic that somebody here listens to is looked at for messages that never came; this also keeps it from being
  /// forgotten. A topic that never had a message is forgotten three of these intervals after the last look.
  std::chrono::milliseconds check_interval{5000};

  const topic_options& of(std::string_view topic) const noexcept;

  /// Says how topics of a pattern (topic_pattern) are kept: `options.topic("chat.*", {.retain_last = true})`. Throws std::invalid_argument for
  /// text that is no pattern.
  pubsub_options& topic(std::string_view pattern, topic_options o) {
    topics.emplace_back(topic_pattern{pattern}, std::move(o));
    return *this;
  }
};

/// Adds what makes no sense, under the path "pubsub_options.NAME".
void check(const pubsub_options& o, mistake_list& out);

} // namespace swill
