#pragma once

#include "pubsub/redis/redis_broker.hpp"

#include <memory>
#include <string>
#include <vector>

namespace swill {

/// The nodes that share the broker's Redis, over its connections: each has a channel of its own there, and all have one together. They live
/// as long as the broker's sign of life says (redis_broker::impl::beat).
class redis_broker::own_cluster final : public cluster {
public:
  own_cluster(std::shared_ptr<impl> b, node_info self);
  ~own_cluster() override;

  using cluster::found;
  using cluster::heard;

private:
  void begin(loop&, const log_sink&) override {} // as the broker begins
  void end(std::function<void()> done) override { done(); }
  /// Asked before Redis has been reached for the first time, it answers when that has happened or has failed.
  void find_nodes(answer<std::vector<node_info>> done) override;
  void deliver(const std::string& node, const std::string& kind, bytes_view data, answer<void> done) override;

  const std::shared_ptr<impl> broker_; // shared with the broker
};

} // namespace swill
