#pragma once

#include "libswill/base/mistakes.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace swill {

/// Every limit, default and timeout of connection management. Sizes are bytes.
struct connections_options {
  /// What this node is called where it is alone, as pubsub_options::node_name. With a bus that one counts.
  std::string node_name{};
  /// Connections on one page, when the query does not say.
  std::size_t page_length = 100;
  /// Connections on one page. When reached: the page ends; its cursor says where to go on.
  std::size_t longest_page = 1000;
  /// What one node answers to one question, about. When reached: as longest_page.
  std::size_t answer_size = 256 * 1024;
  /// Topics that are listed of one connection. When reached: the others are only counted.
  std::size_t topics_listed = 32;
  /// Open requests that `show` lists. When reached: the others are only counted.
  std::size_t requests_listed = 100;
  /// Connections that a question looks at in one turn of a loop. When reached: it goes on in a later turn.
  std::size_t looked_at_per_turn = 2000;

  /// How long another node has to answer. When reached: it is reported as missing.
  std::chrono::milliseconds node_timeout{1000};
  /// Nodes that a page asks at the same time.
  std::size_t nodes_at_once = 8;
  /// Questions of this node that wait for others. When reached: ERROR 503, retryable.
  std::size_t questions = 256;
  /// Questions of other nodes that this one works on. When reached: more are not answered.
  std::size_t questions_of_others = 256;

  /// Feeds and callbacks of one node. When reached: ERROR 429.
  std::size_t watchers = 100;
  /// Events that wait for one feed. When reached: the oldest is dropped, and counted in the next one's `missed`.
  std::size_t feed_length = 1024;
  /// Events that wait to be sent to other nodes. When reached: the oldest is dropped, and counted there.
  std::size_t events_kept = 4096;
  /// Events that travel to another node in one message.
  std::size_t events_at_once = 256;
  /// How long events wait for others, to travel together.
  std::chrono::milliseconds event_delay{20};
  /// Other nodes send their events for so long after this one has asked for them; it asks again three times as often.
  std::chrono::milliseconds watch_lease{15000};
};

/// Adds what makes no sense, under the path "connections_options.NAME".
void check(const connections_options& o, mistake_list& out);

} // namespace swill
