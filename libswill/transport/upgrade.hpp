#pragma once

#include "libswill/api/link.hpp"
#include "libswill/transport/origin.hpp"

#include <string>
#include <string_view>
#include <vector>

// What may become a connection: the rules of docs/protocol.md §1, as functions without I/O.

namespace swill::transport {

/// An HTTP request as it came, and what decides about it.
struct upgrade_request {
  std::string method;
  std::string target;
  int version = 11; ///< 10, or 11 for that and all later minor versions, which mean the same to us (RFC 9110 §2.5)
  header_list headers;
};

struct upgrade_rules {
  std::string path = "/ws";
  origin_list origins;
  std::vector<std::string> subprotocols{"swill.v1", "swill/1"}; ///< the first that the peer offers is agreed
  bool echo = false;                                            ///< /echo exists
  bool full = false;                                            ///< at capacity
  bool draining = false;                                        ///< about to stop
  bool ready = true;                                            ///< what /ready answers, unless it is full or draining
};

struct upgrade_verdict {
  int status = 101; ///< anything else is a refusal
  std::string body;
  header_list headers; ///< of the refusal
  std::string subprotocol;
  std::string key; ///< Sec-WebSocket-Key
  bool echo = false;
};

/// A target in absolute form (`http://host/path?query`, as to a proxy) becomes path and query, and its host takes the place of the Host
/// header's (RFC 9112 §3.2.2). Any other target stays as it is.
void take_origin_form(upgrade_request& request);

upgrade_verdict check_upgrade(const upgrade_request& request, const upgrade_rules& rules);

/// A whole HTTP/1.1 response with a text body, after which the connection closes. Headers that may not travel are left out. The answer
/// to HEAD has the headers alone.
std::string http_response(int status, std::string_view body, const header_list& headers, bool to_head = false);

/// True when name and value cannot break out of their header line (RFC 9110 §5).
bool is_safe_header(std::string_view name, std::string_view value) noexcept;

/// True for headers that belong to the handshake itself and that an application may not set.
bool is_reserved_header(std::string_view name) noexcept;

} // namespace swill::transport
