#pragma once

#include "actors/cluster/cluster.hpp"

namespace swill {

/// A cluster of one node.
class memory_cluster final : public cluster {
public:
  explicit memory_cluster(node_info self = make_node({})) : cluster(std::move(self)) {}

private:
  void begin(loop& home, const log_sink& log) override;
  void end(std::function<void()> done) override;
  void find_nodes(answer<std::vector<node_info>> done) override;
  void deliver(const std::string& node, const std::string& kind, bytes_view data, answer<void> done) override;
  std::vector<node_info> all() const { return {{id(), name()}}; }
};

} // namespace swill
