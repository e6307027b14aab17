#pragma once

#include "actors/connections/connections.hpp"
#include "actors/connections/detail/part.hpp"
#include "actors/connections/detail/registry.hpp"
#include "actors/per_unit.hpp"

#include <atomic>

namespace swill {

namespace detail {

/// What is asked of nodes, and what is made of their answers.
template <class T>
struct inquiry {
  result<T> (*read)(gathered& g, std::uint64_t limit);
  question what{};
  std::string from_node{};        ///< as ask_order::from_node
  std::optional<error> refused{}; ///< then it is not asked
};

} // namespace detail

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

  /// f(registry, done) on the first unit's thread; `done` is called with 503 when nothing runs. From any thread.
  template <class Done, class F>
  void send(Done done, F f) {
    registry.ask(std::move(done), std::move(f), not_running);
  }
  template <class T>
  void ask(detail::inquiry<T> i, answer<T> done);
  void ask_nodes(detail::question q, std::string from_node, answer<detail::gathered> done);
  /// The same for coroutines.
  template <class T>
  task<T> answer_to(detail::inquiry<T> i);
  /// Ends what there still is of earlier connections of that one's client, and waits for their end: at most node_timeout.
  /// An empty task when there can be none.
  task<void> succeed(connection& c);
  task<void> end_earlier(detail::question q);
  void start_actors(actors::runtime& r);
  void wait_until_listed() const;
};

} // namespace swill
