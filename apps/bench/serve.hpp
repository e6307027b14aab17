#pragma once

#include "libswill/net/tls_options.hpp"

#include <cstdint>
#include <string>

namespace swill::bench {

struct serve_options {
  std::uint16_t port = 8080;
  unsigned io_threads = 1;
  std::uint16_t redis = 0; ///< its port on 127.0.0.1: sessions and topics go there; 0: in memory
  std::string gateway;     ///< of a worker
  tls_identity tls;        ///< of swill; empty: without TLS
  bool own_frames = false; ///< of the bare server
};

/// Swill with the handlers of the scenarios, on 127.0.0.1, until it is killed. docs/performance.md says what each handler is for.
int serve_swill(const serve_options& o);

/// The same handlers, but in a worker: this process is the gateway, and starts the other.
int serve_remote(const serve_options& o);
int serve_worker(const serve_options& o);

} // namespace swill::bench
