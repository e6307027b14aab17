#pragma once

#include "libswill/redis/options.hpp"
#include "pubsub/broker.hpp"

#include <memory>
#include <string>

namespace swill {

/// Where a redis_broker keeps its topics: the same object that sessions are given, or another one.
using redis_broker_options = redis::place;

/// A broker that keeps its topics in Redis (6.2 or later, no cluster), shared by all nodes with the same server, database and prefix.
/// Its loop must be one with sockets. Two connections: one for commands, one for what is published.
///
/// A publish is one script: offset, history, idempotency key and PUBLISH happen together or not at all. What was answered survives what
/// Redis' own persistence survives (docs/pubsub.md). When Redis has lost the end of a topic, the topic gets another epoch as soon as a
/// node that had seen more looks at it.
class redis_broker final : public broker {
public:
  explicit redis_broker(redis_broker_options o);
  ~redis_broker() override;

  void check(const pubsub_options& o, mistake_list& out) const override;
  std::shared_ptr<cluster> make_cluster(node_info self) override;
  /// Returns at once: until Redis is there, everything fails with 503.
  void start(loop& l, broker_listener& to, const pubsub_options& o, const std::string& node,
             const log_sink* log) override;
  void stop(std::function<void()> done) override;
  void publish(const std::string& topic, bytes_view data, const std::string& key, std::string_view trace,
               answer<position> done) override;
  void subscribe(const std::string& topic, answer<topic_state> done) override;
  void unsubscribe(const std::string& topic) override;
  void history(const std::string& topic, const position& since, std::size_t limit, answer<history_page> done) override;
  void enter(const std::string& topic, const presence_member& who, answer<void> done) override;
  void leave(const std::string& topic, const std::string& id, answer<void> done) override;
  void members(const std::string& topic, answer<std::vector<presence_member>> done) override;

private:
  struct impl;
  class own_cluster;
  std::shared_ptr<impl> impl_; // with answers that are still to come
};

} // namespace swill
