#pragma once

#include "apps/common/command_line.hpp"
#include "libswill/api/app.hpp"
#include "libswill/redis/options.hpp"
#include "pubsub/pubsub.hpp"

#include <memory>
#include <optional>
#include <string>

namespace swill::gateway {

/// Pub/sub of the gateway, from its command line and environment, with a small chat: topics `chat.*`, and who talks is written on
/// what is said.
class pubsub_options {
public:
  pubsub_options();

  /// The program writes here when it parses; this must live until then.
  void add_to(apps::command_line& program);

  /// Adds pub/sub, its rules and "chat.login" to the app. Without Redis topics are in this node's memory. Throws std::invalid_argument for
  /// options that have no effect.
  std::shared_ptr<pubsub> apply(app& a, const std::optional<redis::place>& redis) const;

private:
  swill::pubsub_options all_;
  topic_options topics_;
  std::string node_name_;
  apps::added_option kept_size_ = nullptr;
  apps::added_option new_topics_per_second_ = nullptr;
};

} // namespace swill::gateway
