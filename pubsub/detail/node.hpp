#pragma once

#include "actors/per_unit.hpp"
#include "libswill/base/log_limiter.hpp"
#include "pubsub/detail/broker_actor.hpp"
#include "pubsub/detail/hub.hpp"
#include "pubsub/pubsub.hpp"

#include <set>

namespace swill {

/// What a pubsub object is made of: options and rules, which never change once the server runs; and, while it runs, the actors.
struct pubsub::impl : std::enable_shared_from_this<impl> {
  pubsub_options options;
  std::shared_ptr<swill::broker> broker;   ///< shared with the application and the broker's actor
  std::shared_ptr<swill::cluster> cluster; ///< shared with the plugins that use it
  detail::topic_rules<detail::subscribe_rule> subscribe_rules;
  detail::topic_rules<detail::publish_rule> publish_rules;
  detail::topic_rules<detail::presence_rule> presence_rules;

  // While the server runs; written before its first handshake and after its last request.
  actors::runtime* runtime = nullptr;
  const log_sink* log = nullptr;
  std::unique_ptr<limited_log> errors;                 ///< the first unit's
  actors::per_unit<detail::broker_actor> broker_actor; ///< one, on the first unit
  actors::per_unit<detail::hub> hubs;

  bool is_used = false; ///< an app has it

  /// Subscriptions of no request. On the first unit's thread.
  struct listening_state {
    std::unique_ptr<detail::subscription> subscription;
    bool ended = false;
  };
  std::set<std::shared_ptr<listening_state>> listenings;

  error not_running() const {
    return errors::unavailable(is_used ? "pub/sub does not run: its server has not started yet, or has stopped"
                                       : "pub/sub does not run: no app uses it, app.use(bus) is missing");
  }

  /// f(broker_actor, done) on the first unit's thread; `done` is called with 503 when nothing runs. From any thread.
  template <class Done, class F>
  void send(Done done, F f) {
    broker_actor.ask(std::move(done), std::move(f), [this] { return not_running(); });
  }
  /// The same for coroutines.
  template <class T, class F>
  task<T> answer_to(F f) {
    const auto start = [&](completer<T> done) { send(std::move(done), std::move(f)); };
    co_return co_await completion<T>(start);
  }

  /// Throws std::logic_error while a server runs: what is added then would not be used, or not safely.
  void must_be_idle(std::string_view what) const;
  /// Throws error 400, unless the application, or a client when `by_client`, may use such a topic.
  void check_topic(const std::string& topic, bool by_client) const;
  /// Throws error 413 or 400.
  void check_message(bytes_view data, const std::string& key) const;
  void start_actors();
  void forget_server();
  /// On the first unit's thread. What a listener throws may come with each message, so it is one line a second.
  void log_failure(std::string_view where, std::exception_ptr e, std::string_view trace = {}) const;
};

} // namespace swill
