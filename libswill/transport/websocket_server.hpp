#pragma once

#include "libswill/api/ports.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/base/log.hpp"
#include "libswill/net/event_loop.hpp"
#include "libswill/net/http/router.hpp"
#include "libswill/transport/listener.hpp"
#include "libswill/transport/statistics.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace swill::transport {

struct server_settings {
  std::vector<listener> listen{"127.0.0.1:8080"};
  std::string path = "/ws";
  std::vector<std::string> origins; ///< that browsers may come from, as origin_list takes them; empty: any
  std::vector<std::string> subprotocols{"swill.v1", "swill/1"}; ///< most wanted first
  swill::limits limits;
  bool test_echo = false; ///< `/echo`: a plain echo of text and binary, up to echo_size, without a subprotocol
  std::size_t echo_size = 16 * 1024 * 1024;
  int backlog = 1024; ///< connections that the kernel keeps until they are accepted
  std::size_t kernel_unsent =
      256 * 1024; ///< bytes of one TCP connection that the kernel takes before it can send them; 0: as it likes
  log_sink log;
  std::vector<net::http::route> routes;          ///< of public listeners, beside the WebSocket endpoint
  std::vector<net::http::route> internal_routes; ///< of internal ones, which have no other
  std::function<bool()> is_ready;                ///< what /ready answers; from any loop's thread. Null: always
};

/// WebSocket connections for a gate: listens, upgrades, and carries messages until it is stopped. Connections are spread over the
/// loops in turn. The gate and the loops must outlive it; the loops may start to run before or after it.
class websocket_server {
public:
  /// Throws std::invalid_argument for an origin that can never match, two routes with one path, and files of TLS that cannot be used.
  websocket_server(server_settings settings, gate& g, std::vector<net::event_loop*> loops);

  /// As stop() without grace.
  ~websocket_server();

  /// Takes the addresses; throws std::system_error when one cannot be had, or std::invalid_argument for an address that is none. Whoever connects
  /// before start() is refused, or waits where acceptor::make() listens. Once.
  void bind();

  /// Listens, and takes connections; calls bind() first where nobody has.
  void start();

  /// The addresses that it listens on, with their real ports, in the order of the settings.
  std::vector<std::string> addresses() const;

  /// What clients connect to, in the same order: "ws://127.0.0.1:8080/ws", "wss://…", "unix:PATH".
  std::vector<std::string> urls() const;

  /// The port of the first TCP address of a public listener; 0 without one.
  std::uint16_t port() const;

  /// Reads the files of all listeners' TLS again, now; what cannot be used is a line in the log, and what was there before goes on. False when no
  /// listener has TLS. From any thread.
  bool reload();

  /// It has limits::connections. From any thread.
  bool is_full() const noexcept;

  /// Answers new handshakes with 503 from now on. From any thread.
  void drain();

  /// Requests by HTTP whose answer has not gone yet. From any thread.
  std::size_t answering() const noexcept;

  /// Ends every connection without its peer, soon. From any thread; does not wait.
  void drop();

  /// Listens no longer, closes all connections with 1001, and returns when they are gone or after `grace`, when it drops what is left.
  /// Not from a loop's thread. Again: does nothing.
  void stop(std::chrono::milliseconds grace = std::chrono::milliseconds{1000});

  transport::statistics statistics() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace swill::transport
