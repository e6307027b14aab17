#pragma once

#include "libswill/programs/options/command_line.hpp"
#include "libswill/redis/options.hpp"
#include "pubsub/options.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace swill {
class pubsub;
}

namespace swill::programs {

/// Pub/sub of a program, from its command line and environment.
class topic_settings {
public:
  /// `defaults` hold for what neither says.
  explicit topic_settings(pubsub_options defaults = {}) : all_{std::move(defaults)} {}

  /// The program writes here when it parses; this must live until then.
  void add_to(command_line& program);

  /// For a program that has no topics of its own: throws std::invalid_argument when its command line says something of them
  /// without Redis. In the environment that may be meant for a gateway.
  void require_redis(bool has_redis) const;

  /// Pub/sub for an app; without Redis topics are in this node's memory. Throws std::invalid_argument for options that have no effect.
  std::shared_ptr<pubsub> make(const std::optional<redis::place>& redis) const;

private:
  pubsub_options all_;
  std::vector<added_option> options_;
  added_option kept_size_ = nullptr;
  added_option new_topics_per_second_ = nullptr;
};

} // namespace swill::programs
