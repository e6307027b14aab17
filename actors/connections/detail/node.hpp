#pragma once

#include "actors/connections/connections.hpp"
#include "actors/connections/detail/part.hpp"
#include "actors/connections/detail/registry.hpp"
#include "actors/per_unit.hpp"

#include <atomic>

namespace swill {

/// What a connections object is made of: options and a rule, which never change once the server runs; and, while it runs, the actors.
struct connections::impl : std::enable_shared_from_this<impl> {
  connections_options options;
  std::shared_ptr<swill::cluster> cluster; ///< shared with whoever else uses it
  std::shared_ptr<const plugin> owner;     ///< the plugin that has it; null: none, or this node is alone
  bool is_alone = false;
  detail::hook_list<context&> rule;       ///< one, or none: nobody may
  std::atomic<std::uint64_t> last_key{0}; ///< of listeners

  // While the server runs; written before its first handshake and after its last request.
  actors::runtime* runtime = nullptr;
  actors::per_unit<detail::registry> registry; ///< one, on the first unit
  actors::per_unit<detail::registry_part> parts;

  static error not_running() { return errors::unavailable("the registry of connections does not run"); }

  /// Mail to the registry, from any thread; its `done` is called with 503 when nothing runs.
  template <class Order>
  void send(Order o) {
    if (!registry.send(o)) o.done(not_running());
  }
  void ask(detail::question q, std::string from_node, std::function<void(result<detail::gathered>)> done) {
    send(detail::ask_order{std::move(q), std::move(from_node), std::move(done)});
  }
  void start_actors(actors::runtime& r);
  void wait_until_listed() const;
};

} // namespace swill
