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

} // namespace swill::net
