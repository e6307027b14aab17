#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace swill::net {

/// Where to listen.
struct listen_address {
  std::string host; ///< an IP address; empty for a Unix socket
  std::uint16_t port = 0;
  bool v6 = false;
  std::string unix_path;

  bool is_unix() const noexcept { return !unix_path.empty(); }

  /// "127.0.0.1:8080", "[::1]:8080", "unix:/run/swill.sock"; throws std::invalid_argument, saying what is wrong.
  static listen_address parse(std::string_view text);
  std::string text() const;
};

/// Why nobody can listen at `mine` while `whose` does at `other`, as a mistake of an option says it: they are the same, or one is of all addresses
/// and has the port of the other. Empty: both can be listened at. Port 0 is another one each time.
std::string clash_of(const listen_address& mine, const listen_address& other, const std::string& whose);

} // namespace swill::net
