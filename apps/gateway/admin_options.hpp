#pragma once

#include "apps/common/command_line.hpp"
#include "libswill/api/app.hpp"
#include "pubsub/pubsub.hpp"

#include <memory>
#include <string>

namespace swill::gateway {

/// Who may list and close connections, from the gateway's command line and environment (docs/connections.md).
class admin_options {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(apps::command_line& program);

  /// Adds the registry of connections to the app, across the nodes of that bus. Throws std::invalid_argument for a token that cannot be read
  /// or is too short.
  void apply(app& a, std::shared_ptr<pubsub> bus) const;

private:
  std::string token_file_;
};

} // namespace swill::gateway
