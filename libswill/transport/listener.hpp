#pragma once

#include "libswill/net/tls_options.hpp"

#include <optional>
#include <string>
#include <utility>

namespace swill {

/// Where a server listens, and how. An address alone is one, too.
struct listener {
  listener(const char* a) : address(a) {}
  listener(std::string a) : address(std::move(a)) {}
  listener(std::string a, tls_server_options t) : address(std::move(a)), tls(std::move(t)) {}

  /// "ADDRESS:PORT", "[ADDRESS]:PORT" or "unix:PATH"; port 0: any free one.
  std::string address;
  /// Clients connect by wss:// instead of ws://. Empty: without TLS.
  std::optional<tls_server_options> tls;
};

} // namespace swill
