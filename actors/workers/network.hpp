#pragma once

#include "actors/workers/link_socket.hpp"
#include "libswill/base/result.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace swill::actors::workers {

/// Who is told of what goes wrong in a network; on its thread.
struct link_troubles {
  /// This end has broken off the connection to `address`, because of what came from it: `why`.
  std::function<void(const std::string& address, std::string_view why)> on_ended{};
  /// CAF's part has failed: nobody is connected any more, and nobody will be.
  std::function<void()> on_failure{};
};

/// CAF's network and an actor system of its own for it (docs/decisions/0040): nothing of the application can be reached through it, and what has gone
/// wrong with a connection goes with the system. It neither listens nor connects: it is given connections whose other ends have shown who
/// they are (docs/decisions/0070). The functions that wait are not for a loop's thread.
class network {
public:
  /// Starts its threads.
  explicit network(link_troubles told = {});
  /// Every actor in it must have ended.
  ~network();

  caf::actor_system& system() noexcept { return *system_; }

  /// Those who are let in from now on find `door`. Once.
  void publish(const caf::strong_actor_ptr& door);
  /// Serves a connection of a worker. From any thread; returns at once.
  void let_in(std::unique_ptr<link_socket> s);
  /// The actor that is published at the other end of a connection to a gateway. Waits.
  result<caf::strong_actor_ptr> connect(std::unique_ptr<link_socket> s, std::chrono::milliseconds timeout);

  /// Ends the connection to a peer. From any thread; returns at once.
  void drop(const caf::node_id& peer);

private:
  struct config;
  class entrance;
  const link_troubles told_;
  std::unique_ptr<config> config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::intrusive_ptr<entrance> entrance_; // of CAF's broker as well
};

} // namespace swill::actors::workers
