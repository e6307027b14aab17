#pragma once

#include "actors/remote/options.hpp"
#include "libswill/base/result.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace swill::actors::remote {

struct host_and_port {
  std::string host;
  std::uint16_t port = 0;
};
/// Throws std::invalid_argument.
host_and_port parse_host_and_port(const std::string& text);

/// CAF's network and an actor system of its own for it (docs/decisions/0040): nothing of the application can be reached through it, and what has gone
/// wrong with a connection goes with the system. The functions wait: not from a loop's thread.
class network {
public:
  /// Starts its threads. Throws std::runtime_error when TLS cannot be set up. `on_refused` is told, on such a thread, why a peer was kept
  /// out by TLS.
  explicit network(const link_tls& tls, std::function<void(const std::string&)> on_refused = {});
  /// Every actor in it must have ended.
  ~network();

  caf::actor_system& system() noexcept { return *system_; }

  /// Lets peers find `gate` at that address; the port that it has. Throws std::runtime_error.
  std::uint16_t publish(const caf::strong_actor_ptr& gate, const host_and_port& at);
  /// The actor that is published there.
  result<caf::strong_actor_ptr> connect(const host_and_port& to, std::chrono::milliseconds timeout);

  /// Ends the connection to a peer. From any thread; returns at once.
  void drop(const caf::node_id& peer);

private:
  struct config;
  std::function<void(const std::string&)> on_refused_;
  std::unique_ptr<config> config_;
  std::unique_ptr<caf::actor_system> system_;
  bool tls_;
};

} // namespace swill::actors::remote
