#pragma once

#include "libswill/api/ports.hpp"
#include "libswill/base/error.hpp"

#include <string>

namespace swill {

/// No connection came about. As an error it has the code below, and `data` with "retryable" (bool) and, for `rejected`, "http_status".
class connect_error : public error {
public:
  /// IF YOU ADD A VALUE: code_of in errors.cpp, docs/client.md, the CLI's exit codes.
  enum class kind {
    bad_url,     ///< 400: the URL, a header or an option cannot be read
    unsupported, ///< 501: a loop that has no sockets
    unreachable, ///< 503: the name has no address, or nobody listens there
    timed_out,   ///< 503: not open within client_options::connect_timeout
    rejected,    ///< the server's HTTP status, if it is 400 or more, else 501
    protocol,    ///< 501: what answered does not speak WebSocket, or not our subprotocol
    tls, ///< 501: the server's certificate is not good for its name, it refuses ours, or a file of client_options::tls cannot be used
  };
  connect_error(kind why, std::string message, int http_status = 0);

  kind why;
  int http_status; ///< of `rejected`
};

/// The connection is over: what every open call ends with, and what every later one gets. Code 503, or 413 for a call with a message that was
/// larger than the server takes, which is why the server has closed; `data` has "retryable" (bool: whether the same call may do better on a
/// new connection), "close_code" and "close_reason".
class connection_lost : public error {
public:
  explicit connection_lost(close_reason why, error_code code = error_code::unavailable);

  close_reason why;
  bool retryable;
};

} // namespace swill
