#pragma once

#include "libswill/redis/options.hpp"
#include "programs/options/command_line.hpp"
#include "pubsub/options.hpp"

#include <memory>
#include <optional>
#include <utility>

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

  /// Pub/sub for an app; without Redis topics are in this node's memory. Throws std::invalid_argument for options that have no effect.
  std::shared_ptr<pubsub> make(const std::optional<redis::place>& redis) const;

private:
  pubsub_options all_;
  added_option kept_size_ = nullptr;
  added_option new_topics_per_second_ = nullptr;
};

} // namespace swill::programs
