#pragma once

#include <string>
#include <string_view>

namespace swill::client_detail {

/// Where a client connects to, read from a URL.
struct endpoint {
  std::string host; ///< a name or an IP address without brackets; empty for a Unix socket
  std::string port;
  std::string unix_path;
  std::string target;    ///< path and query of the request
  std::string authority; ///< what the Host header says
  bool tls = false;

  bool is_unix() const noexcept { return !unix_path.empty(); }

  /// "ws://host:port/path?query", "wss://…", "unix:PATH"; `path` stands in where the URL has none. Throws connect_error bad_url.
  static endpoint parse(std::string_view url, std::string_view path);
};

} // namespace swill::client_detail
