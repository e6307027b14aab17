#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/redis/options.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace swill::redis {

class client;

/// One Redis, and the part of it that belongs to one application: everything that keeps something there can be given the same place, or a
/// copy of it. A value type; copies share redis::options::outages, so that there is one line in the log for all when it is away.
struct place {
  /// Where it is, who we are there, and the limits and timeouts of each connection.
  options server{};
  /// Before the names of all keys and channels: applications with different ones do not see each other. Nodes that are to share something
  /// need the same server, database and prefix.
  std::string prefix = "swill:";

  /// From an address, as options::parse. Throws std::invalid_argument, which says what is wrong without the text, which may hold a password.
  static place at(std::string_view address, std::string prefix = "swill:");

  /// A connection of the application's own to the same server, for coroutines on the loop `l`, where it must be used and destroyed. It has not
  /// begun to connect: start() it. Its keys are the caller's affair: begin them with the prefix. `log`, which may be null, must outlive it.
  std::unique_ptr<client> make_client(swill::loop& l, const log_sink* log = nullptr) const;
};

} // namespace swill::redis
