#pragma once

#include "libswill/api/app.hpp"
#include "programs/options/command_line.hpp"
#include "pubsub/pubsub.hpp"

#include <memory>
#include <string>

namespace swill {
class connections;
}

namespace swill::programs {

/// Who may list and close connections, from the gateway's command line and environment (docs/connections.md).
class admin_settings {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(command_line& program);

  /// Adds the registry of connections to the app, across the nodes of that bus. Throws std::invalid_argument for a token that cannot be read
  /// or is too short.
  std::shared_ptr<connections> apply(app& a, std::shared_ptr<pubsub> bus) const;

private:
  std::string token_file_;
};

} // namespace swill::programs
