#pragma once

#include "libswill/programs/options/command_line.hpp"
#include "libswill/redis/options.hpp"
#include "sessions/options.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace swill {
class sessions;
}

namespace swill::programs {

/// Where a program keeps what the nodes share, and its sessions, from its command line and environment.
class session_settings {
public:
  /// `defaults` hold for what neither says.
  explicit session_settings(session_options defaults = {}) : sessions_{std::move(defaults)} {}

  /// The program writes here when it parses; this must live until then.
  void add_to(command_line& program);

  /// Redis, when there is one; for others that keep something there, too. Throws std::invalid_argument for an address that makes no sense,
  /// and for a prefix without one.
  std::optional<redis::place> redis() const;

  /// For a program that has no sessions of its own: throws std::invalid_argument when its command line says something of them
  /// without Redis. In the environment that may be meant for a gateway.
  void require_redis() const;

  /// Sessions for an app; without Redis they are kept in memory.
  std::shared_ptr<sessions> make(const std::optional<redis::place>& server) const;

  /// Clients come through a proxy, which says how.
  bool trusts_proxy() const noexcept { return sessions_.trust_forwarded_proto; }

private:
  std::string redis_;
  tls_client_options redis_tls_;
  std::vector<added_option> redis_tls_options_;
  std::vector<added_option> session_options_;
  std::shared_ptr<redis::outage_log> outages_ = redis::make_outage_log(); ///< of everything that needs Redis
  std::string prefix_ = "swill:";
  added_option prefix_option_ = nullptr;
  std::vector<std::string> key_files_;
  swill::session_options sessions_;
};

} // namespace swill::programs
