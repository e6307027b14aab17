#pragma once

#include "libswill/api/metadata.hpp"
#include "libswill/api/ports.hpp"
#include "libswill/base/name_look_up.hpp"
#include "libswill/net/tls_options.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace swill {

/// How a client connects, and its limits. Sizes are bytes.
struct client_options {
  // No aggregate: g++ 12 breaks temporaries of aggregates in an expression with co_await.
  client_options() {} // NOLINT(modernize-use-equals-default)

  /// Path and query where the URL has none: "ws://host:port", "unix:PATH".
  std::string path = "/ws";
  /// More headers of the upgrade request, such as Authorization or Cookie.
  header_list headers;
  /// For wss: whose certificates are good, and our own.
  tls_client_options tls;
  /// Gives the addresses of the URL's "host:port"; empty: look_up_addresses. It must be safe to call from any thread, and must not refer
  /// to anything that ends: nobody waits for it, neither when the client gives up nor when the process ends.
  look_up_function look_up;
  /// From the first look at the name to the end of the upgrade; when the name has several addresses, for all of them, which are tried as
  /// net::connector says. When reached: connect_error timed_out.
  std::chrono::milliseconds connect_timeout{10000};

  /// Output that waits to be sent. When reached: write(), call() and ping() wait until half of it is gone.
  std::size_t send_buffer = 1024 * 1024;
  /// Received items that wait for next(), all calls of the connection together. When reached: nothing more is read from the socket
  /// until half of it is taken, so every call of this connection waits for the one that does not take its items (docs/client.md).
  std::size_t receive_buffer = 4 * 1024 * 1024;
  /// One message of the server. When reached: the connection is closed with 1009.
  std::size_t message_size = 64 * 1024 * 1024;
  /// Arrays and maps within each other in one message, the envelope included. When reached: error 500 for its call.
  std::size_t nesting = 64;
  /// Memory that decoding one message may take beyond its own size. When reached: error 413 for its call.
  std::size_t decoded_size = 256 * 1024 * 1024;

  /// Silence of the server after which the client sends a ping. 0: never.
  std::chrono::milliseconds ping_interval{30000};
  /// How long it waits for anything after its ping. When reached: the connection counts as lost (1006).
  std::chrono::milliseconds ping_timeout{20000};
  /// How long it waits for the server's half of the close handshake. When reached: TCP is closed.
  std::chrono::milliseconds close_timeout{2000};
};

/// What goes with one call: `c.call<int>("add", pair, 2s)`, or metadata, or both.
struct call_options {
  call_options() {} // NOLINT(modernize-use-equals-default): see client_options
  call_options(swill::metadata m) : metadata(std::move(m)) {}
  template <class Rep, class Period>
  call_options(std::chrono::duration<Rep, Period> t) : timeout(std::chrono::ceil<std::chrono::milliseconds>(t)) {}
  call_options(swill::metadata m, std::chrono::milliseconds t) : metadata(std::move(m)), timeout(t) {}

  /// Sent along. `timeout_ms` is set from `timeout`.
  swill::metadata metadata;
  /// The call's deadline: sent as metadata `timeout_ms`, and kept here too: when it passes, the call ends with error 408, and CANCEL is
  /// sent. 0: none.
  std::chrono::milliseconds timeout{0};
};

} // namespace swill
