#pragma once

#include "libswill/base/header_fields.hpp"
#include "libswill/net/http/request.hpp"
#include "libswill/transport/origin.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What may become a connection: the rules of docs/protocol.md §1, as functions without I/O.

namespace swill::transport {

/// Where balancers and supervisors ask whether new clients are welcome. Needs nothing of HTTP/1.1.
inline constexpr std::string_view ready_path = "/ready";

struct upgrade_rules {
  std::string path = "/ws";
  origin_list origins;
  std::vector<std::string> subprotocols{"swill.v1", "swill/1"}; ///< the first that the peer offers is agreed
  bool echo = false;                                            ///< /echo exists
};

/// How the server is when it is asked.
struct server_state {
  bool full = false;     ///< at capacity
  bool draining = false; ///< about to stop
  const std::function<bool()>* is_ready =
      nullptr; ///< what /ready answers, unless it is full or draining; null, or a null one: always
};

struct upgrade_verdict {
  int status = 101; ///< anything else is a refusal
  std::string body;
  header_list headers; ///< of the refusal
  std::string subprotocol;
  std::string key; ///< Sec-WebSocket-Key
  bool echo = false;
};

upgrade_verdict check_upgrade(const net::http::request& request, const upgrade_rules& rules,
                              const server_state& now = {});

/// True for headers that belong to the handshake itself and that an application may not set.
bool is_reserved_header(std::string_view name) noexcept;

} // namespace swill::transport
