#pragma once

#include "actors/cluster/cluster.hpp"
#include "libswill/api/plugin.hpp"
#include "libswill/base/completion.hpp"
#include "libswill/base/listening.hpp"
#include "libswill/base/temporaries.hpp"
#include "pubsub/broker.hpp"
#include "pubsub/feed.hpp"
#include "pubsub/options.hpp"
#include "pubsub/rules.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swill {

class connection;
namespace detail {
class client_handlers;
}

/// Numbers of one node since its server started.
struct pubsub_statistics {
  std::size_t topics = 0;          ///< that somebody on this node listens to
  std::uint64_t subscriptions = 0; ///< open now
  std::uint64_t delivered = 0;     ///< messages to subscribers
  std::uint64_t dropped = 0;       ///< of these, by drop_oldest and conflate
  std::uint64_t overflows = 0;     ///< subscribers that were too slow
  bool up = true;                  ///< the broker can be reached
};

/// Topics with ordered messages, for handlers and, as far as rules allow it, for clients; presence; messages to connections, users and
/// groups (docs/pubsub.md). A plugin: `auto bus = std::make_shared<pubsub>(options); app.use(bus);`. Functions that return a task are for
/// coroutines of requests and hooks of that app's server; the others may be called from any thread. Before the server has started, and
/// while its broker cannot be reached, everything fails with error 503 and {"retryable": true}.
class pubsub final : public plugin {
public:
  /// Without a broker: one in memory, of this server alone.
  explicit pubsub(pubsub_options o = {}, std::shared_ptr<swill::broker> b = nullptr);
  ~pubsub() override;

  // --- What clients may do. Before the server starts, else std::logic_error. Nothing is allowed but by a rule; of several that fit a topic the first decides.
  // A rule gives nothing or a bool, or a task of one of them. It says no by false, which is ERROR 403, or by throwing, best an error of its own. It may take
  // fewer parameters, from the front. Rules run on I/O threads.

  /// `f(context&, const std::string& topic)`, which may also give a `grant`.
  template <class F>
  void allow_subscribe(std::string_view pattern, F f) {
    may_subscribe(pattern, detail::make_subscribe_rule(std::move(f)));
  }
  /// `f(context&, const std::string& topic, value& message)`; it may change the message.
  template <class F>
  void allow_publish(std::string_view pattern, F f) {
    may_publish(pattern, detail::make_publish_rule(std::move(f)));
  }
  /// `f(context&, const std::string& topic)`: who may see who is present.
  template <class F>
  void allow_presence(std::string_view pattern, F f) {
    may_see_presence(pattern, detail::make_presence_rule(std::move(f)));
  }
  /// Anybody may.
  void allow_subscribe(std::string_view pattern);
  void allow_publish(std::string_view pattern);
  void allow_presence(std::string_view pattern);

  // --- Messages. Where g++ 12 would destroy a temporary twice (docs/handlers.md, "Pitfalls"), messages need a name first; those who forget
  // it are told when they compile.

  /// Appends a message to a topic: its position, once the broker has it. With a key, a message that was published to this topic with the
  /// same key before (within pubsub_options::key_age) is not published again: the answer is its position. Errors: 400 for a bad topic or
  /// key, 413, 503. After a 503 it is not known whether the message was published: with a key it is safe to publish it again. The message
  /// carries context::trace() of the request that publishes it, for item::trace() and the log; no client is told.
  template <class T>
  task<position> publish(std::string topic, const T& message, std::string key = {}) {
    return publish_encoded(std::move(topic), detail::encoded_message(message), std::move(key));
  }
  template <detail::fragile_temporary T>
  task<position> publish(std::string topic, T&& message, std::string key = {}) {
    return refuse<T>(), publish(std::move(topic), std::as_const(message), std::move(key));
  }
  /// The same from any thread; `done` is called on the first I/O thread. The message carries `trace`, such as context::trace() or
  /// item::trace(), when that is a trace-id.
  template <class T>
  void publish_then(std::string topic, const T& message, std::string key, broker::answer<position> done,
                    std::string_view trace = {}) {
    publish_encoded_then(std::move(topic), detail::encoded_message(message), std::move(key), std::move(done), trace);
  }

  /// Messages of a topic that come from now on; with `since`, all after that. See feed.
  template <class T>
  task<feed<T>> subscribe(std::string topic, std::optional<position> since = std::nullopt) {
    auto s = co_await open(std::move(topic), since);
    co_return feed<T>{std::move(s.subscription), s.start, s.recovered};
  }
  /// The same outside of requests: calls f(const item<T>&) on the first I/O thread, where it must not block. Messages that are no T, and
  /// what f throws, are logged. `failed` is called when it ends by an error.
  template <class T, class F>
  [[nodiscard]] listening listen(std::string topic, F f, std::optional<position> since = std::nullopt,
                                 std::function<void(const error&)> failed = {}) {
    return listen_encoded(
        std::move(topic), since, [f = std::move(f)](const publication_ptr& p) mutable { f(item<T>::decoded(p)); },
        std::move(failed));
  }
  /// Messages after `since` that the topic still has, at most `limit` and pubsub_options::history_page.
  task<broker::history_page> history(std::string topic, position since, std::size_t limit);

  // --- Messages to connections, on whatever node they are: those that have `swill.inbox` open get them. At most once.

  template <class T>
  task<position> send_to_connection(const std::string& id, T&& message) {
    return publish(connection_topic(id), std::forward<T>(message));
  }
  template <class T>
  task<position> send_to_user(const std::string& user, T&& message) {
    return publish(user_topic(user), std::forward<T>(message));
  }
  template <class T>
  task<position> send_to_group(const std::string& group, T&& message) {
    return publish(group_topic(group), std::forward<T>(message));
  }
  template <class T>
  task<position> send_to_all(T&& message) {
    return publish(everybody_topic(), std::forward<T>(message));
  }
  /// Where the above publish, for publish_then.
  static std::string connection_topic(const std::string& id) { return "$connection." + id; }
  static std::string user_topic(const std::string& user) { return "$user." + user; }
  static std::string group_topic(const std::string& group) { return "$group." + group; }
  static std::string everybody_topic() { return "$all"; }

  /// On the connection's thread (in its handlers and hooks). A connection leaves its groups when it ends. Throws error 429 beyond
  /// pubsub_options::groups_per_connection.
  void join_group(connection& c, const std::string& group);
  void leave_group(connection& c, const std::string& group);

  // --- Presence

  task<std::vector<presence_member>> members(std::string topic);
  /// Enters somebody beside the clients that subscribe. Who enters n times must leave n times. On an error 503 the member counts as
  /// entered all the same, and is entered when the broker is back.
  task<void> enter(std::string topic, presence_member who);
  task<void> leave(std::string topic, std::string id);

  // --- Nodes that share the broker

  /// These nodes, for other plugins; what follows is a short way to it.
  const std::shared_ptr<swill::cluster>& cluster() const noexcept;
  /// Of this node: 16 hex digits, new with each pubsub object.
  const std::string& node_id() const noexcept;
  /// The nodes that live, this one included: also one that has just begun to serve; one that died is left out after
  /// pubsub_options::node_lease. While the broker cannot be reached: those that were known last.
  void nodes_then(broker::answer<std::vector<node_info>> done);
  task<std::vector<node_info>> nodes();
  /// Takes messages of a kind from other nodes; called on the first I/O thread. Before the server starts, else std::logic_error; one
  /// function for each kind.
  void on_node_message(std::string kind, std::function<void(const std::string& from, bytes_view data)> f);
  /// Called on the first I/O thread when the list of nodes has changed. Before the server starts, else std::logic_error.
  void on_nodes_changed(std::function<void(const std::vector<node_info>&)> f);
  /// Sends to one node (also to this one), or to all (also this one). At most once, in order from one node to another as long as the
  /// broker stays. Error 404: no such node.
  void send_to_node(std::string node, std::string kind, bytes data, broker::answer<void> done = {});
  void send_to_nodes(std::string kind, bytes data, broker::answer<void> done = {});

  pubsub_statistics statistics() const;
  const pubsub_options& options() const noexcept;

  // --- plugin
  std::string not_ready() const override;
  std::string_view kind() const noexcept override { return "pubsub"; }
  void check(mistake_list& out) const override;
  void install(app& a) override;
  void start(actors::runtime& r) override;
  void stop(std::function<void()> done) override;

  // --- What the above are made of
  struct opened {
    std::unique_ptr<detail::subscription> subscription;
    position start;
    bool recovered = true;
    bool fresh = false; ///< the topic has no message yet, and nobody on this node listened to it
  };
  task<opened> open(std::string topic, std::optional<position> since);
  task<position> publish_encoded(std::string topic, bytes data, std::string key);
  void publish_encoded_then(std::string topic, bytes data, std::string key, broker::answer<position> done,
                            std::string_view trace = {});
  listening listen_encoded(std::string topic, std::optional<position> since,
                           std::function<void(const publication_ptr&)> f, std::function<void(const error&)> failed);

private:
  friend class detail::client_handlers;
  struct impl;

  template <class T>
  static constexpr void refuse() {
    static_assert(
        detail::refused<T>,
        "g++ 12 would destroy this temporary twice; name it first: order o{...}; co_await bus.publish(\"t\", o);");
  }
  void may_subscribe(std::string_view pattern, detail::subscribe_rule r);
  void may_publish(std::string_view pattern, detail::publish_rule r);
  void may_see_presence(std::string_view pattern, detail::presence_rule r);

  std::shared_ptr<impl> impl_; // shared with handlers that it has installed
};

} // namespace swill
