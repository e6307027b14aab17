#pragma once

#include "apps/common/command_line.hpp"
#include "libswill/api/app.hpp"
#include "libswill/redis/options.hpp"
#include "sessions/options.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace swill::gateway {

/// Where the gateway keeps what its nodes share, and its sessions, from its command line and environment.
class session_options {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(apps::command_line& program);

  /// Redis, when there is one; for others that keep something there, too. Throws std::invalid_argument for an address that makes no sense,
  /// and for a prefix without one.
  std::optional<redis::place> redis() const;

  /// Adds sessions to the app, and "example.visits", which counts in one. Without Redis they are kept in memory.
  void apply(app& a) const;

  /// Clients come through a proxy, which says how.
  bool trusts_proxy() const noexcept { return sessions_.trust_forwarded_proto; }

private:
  std::string redis_;
  tls_client_options redis_tls_;
  std::vector<apps::added_option> redis_tls_options_;
  std::shared_ptr<redis::outage_log> outages_ = redis::make_outage_log(); ///< of everything that needs Redis
  std::string prefix_ = "swill:";
  apps::added_option prefix_option_ = nullptr;
  std::vector<std::string> key_files_;
  swill::session_options sessions_;
};

} // namespace swill::gateway
