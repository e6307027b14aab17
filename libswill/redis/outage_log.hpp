#pragma once

#include "libswill/base/log.hpp"

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

namespace swill::redis {

/// Tells that a Redis is away in one line, however many connections to it there are, and names everything that needs it. Connections whose
/// options are copies of each other share one. From any thread.
class outage_log {
public:
  /// Why a connection is down. What Redis itself says has its own line, once in an outage: that it is the wrong one for everybody, or
  /// that it refuses this one.
  enum class reason : std::uint8_t { unreachable, wrong, refused };

  /// Something that needs this Redis and does not serve without it: "sessions", "topics".
  void add_user(const std::string& name);

  /// `link` (only compared) has no connection. `where` is the address, `why` what happened, `user` who needs this connection.
  void down(const void* link, const std::string& where, reason r, const std::string& why, const std::string& user,
            const logger& log);
  void up(const void* link, const std::string& where, const logger& log);
  /// No link is known to be down.
  bool is_up() const;
  /// The link is not used any more.
  void forget(const void* link);

private:
  std::string users() const;

  mutable std::mutex mutex_; // guards what follows
  std::set<std::string> users_;
  std::set<const void*> down_; ///< links that are down
  std::set<std::string> told_; ///< what was refused in this outage
  bool was_up_ = false;        ///< some link has had a connection
  bool is_again_ = false;      ///< so it was when this outage began
};

} // namespace swill::redis
