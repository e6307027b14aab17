#pragma once

#include "actors/runtime.hpp"
#include "pubsub/connections/connections.hpp"
#include "pubsub/connections/detail/part.hpp"
#include "pubsub/connections/detail/registry.hpp"

#include <atomic>
#include <mutex>

namespace swill {

/// What a connections object is made of: options and a rule, which never change once the server runs; and, while it runs, the actors.
struct connections::impl : std::enable_shared_from_this<impl> {
  connections_options options;
  std::shared_ptr<pubsub> bus; ///< shared with the application; may be null
  std::string node;
  std::string node_name;
  detail::hook_list<context&> rule;       ///< one, or none: nobody may
  std::atomic<std::uint64_t> last_key{0}; ///< of listeners

  // While the server runs; written before its first handshake and after its last request.
  actors::runtime* runtime = nullptr;
  detail::registry* registry = nullptr;
  caf::strong_actor_ptr registry_handle;
  std::vector<detail::registry_part*> parts;
  std::vector<caf::strong_actor_ptr> part_handles;

  std::mutex mutex; ///< for threads that are none of the server's: held while they send, and to begin and end `running`
  bool running = false;

  static error not_running() { return errors::unavailable("the registry of connections does not run"); }

  /// Mail to the registry, from any thread; false when nothing runs.
  template <class Order>
  bool send(Order&& o) {
    if (const actors::unit* u = actors::unit::current(); u != nullptr && runtime != nullptr && is_ours(*u)) {
      caf::anon_send(caf::actor_cast<caf::actor>(registry_handle), std::forward<Order>(o));
      return true;
    }
    const std::lock_guard lock{mutex};
    if (running) caf::anon_send(caf::actor_cast<caf::actor>(registry_handle), std::forward<Order>(o));
    return running;
  }
  bool is_ours(const actors::unit& u) const noexcept { return &u.system() == &runtime->system(); }
  detail::registry_part& part_of(const loop& l) const noexcept;

  void ask(detail::question q, std::string from_node, std::function<void(result<detail::gathered>)> done);
  void start_actors(const log_sink* log);
  void wait_until_listed() const;
  void drop_actors();
};

} // namespace swill
