#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/name_look_up.hpp"
#include "libswill/base/result.hpp"
#include "libswill/net/tls_options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace swill::redis {

class outage_log;
std::shared_ptr<outage_log> make_outage_log();

/// Where a Redis is, who we are there, and every limit and timeout of a connection to it. A value type.
struct options {
  // --- Where and who
  std::string host = "127.0.0.1"; ///< a name or an IP address; not used when there is a unix_path
  std::uint16_t port = 6379;
  std::string unix_path;
  std::string user; ///< of the ACL; empty: the default user
  std::string password;
  unsigned database = 0;
  /// Empty: without TLS.
  std::optional<tls_client_options> tls{};
  /// Gives the addresses of "host:port", each time a connection is made; empty: look_up_addresses. It must be safe to copy and to call from
  /// any thread, and must not refer to anything that ends: nobody waits for it.
  look_up_function look_up{};
  /// What fails while it is away, for logs: "sessions", "topics". redis_sessions and redis_broker fill it in.
  std::string used_for;
  /// What tells that this Redis is away; copies of these options share it, so that there is one line for all their connections.
  std::shared_ptr<outage_log> outages = make_outage_log();

  // --- Times
  /// From the look-up of the name to the answer to AUTH and SELECT; when the name has several addresses, for all of them, which are tried
  /// as net::connector says. When reached: the attempt has failed, another follows, beginning with the next address.
  std::chrono::milliseconds connect_timeout{2000};
  /// From a command to its reply. When reached: the command and all after it fail with 503, and the connection is made anew.
  std::chrono::milliseconds command_timeout{1000};
  /// Silence of the server, which is asked (PING) meanwhile. When reached: the connection is made anew.
  std::chrono::milliseconds liveness{3000};
  /// Wait before the first attempt to connect again; it doubles with each that fails. The half of each wait is random.
  std::chrono::milliseconds shortest_backoff{50};
  // With the rest of an attempt whose packets were lost (connect_timeout less the second until TCP sends again) it must stay below the
  // 2 s within which all is well when Redis, or the network to it, is back.
  /// When reached: the wait grows no more.
  std::chrono::milliseconds longest_backoff{500};

  // --- Bounds
  /// Commands that wait for their reply. When reached: further ones fail with 503.
  std::size_t queued_commands = 100000;
  /// Bytes of commands that the kernel has not taken. When reached: further ones fail with 503.
  std::size_t queued_bytes = 64 * 1024 * 1024;
  /// Bytes of one reply, as they come. When reached: the connection is made anew, and what waits fails with 503.
  std::size_t reply_size = 64 * 1024 * 1024;
  /// Values in one reply: items of arrays, at every depth. When reached: as reply_size.
  std::size_t reply_elements = 1024 * 1024;

  /// "redis://[user[:password]@]host[:port][/database]", the same with rediss:// for TLS, "unix:///path[?db=n]" (with user:password@ before the path, when there is one);
  /// parts are percent-decoded. The error is 400 and says what is wrong, without the text, which may hold a password.
  static result<options> parse(std::string_view address);

  /// The address, for logs: without user and password.
  std::string text() const;
};

/// Adds what makes no sense, under the path "redis.NAME".
void check(const options& o, mistake_list& out);

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
