#pragma once

#include "actors/cluster/cluster.hpp"
#include "actors/connections/detail/event_queue.hpp"
#include "actors/connections/entry.hpp"
#include "actors/connections/event.hpp"
#include "actors/connections/options.hpp"
#include "libswill/api/hooks.hpp"
#include "libswill/api/plugin.hpp"
#include "libswill/base/completion.hpp"
#include "libswill/base/listening.hpp"
#include "libswill/base/task.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace swill {

/// Connections that come and go, on all nodes: `while (auto e = co_await feed.next())`. Belongs to the request that made it, on its
/// thread; ends when it is destroyed. One reader at a time.
///
/// At most once, in order for each node. At most connections_options::feed_length events wait: beyond that the oldest is dropped, and
/// the next one says in `missed` how many were; so it does for what was lost between nodes.
class connection_feed {
public:
  explicit connection_feed(std::unique_ptr<detail::event_queue> q) : queue_(std::move(q)) {}

  /// The next. Never empty: a feed has no end of its own. Throws `cancelled` when the request is.
  SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it")
  awaiting<detail::event_queue&> next() noexcept { return awaiting<detail::event_queue&>{*queue_}; }

private:
  std::unique_ptr<detail::event_queue> queue_;
};

/// The connections of this node and of all others of its cluster: lists, counts, closes them, and tells who comes and goes
/// (docs/connections.md). A plugin: `auto all = std::make_shared<connections>(bus); app.use(bus); app.use(all);`, in this order. Functions
/// that return a task are for coroutines of requests and hooks of that app's server; those with `done` may be called from any thread,
/// and answer on the first I/O thread. Other nodes have connections_options::node_timeout to answer; those that do not are reported as
/// missing. Before the server has started, everything fails with error 503 and {"retryable": true}.
class connections final : public plugin {
public:
  /// Without a cluster: this node alone.
  explicit connections(std::shared_ptr<swill::cluster> nodes = nullptr, connections_options o = {});
  /// With the cluster of another plugin, such as pub/sub; null: this node alone.
  template <std::derived_from<plugin> P>
  requires requires(const P& p) {
    { p.cluster() } -> std::convertible_to<std::shared_ptr<swill::cluster>>;
  }
  explicit connections(const std::shared_ptr<P>& owner, connections_options o = {})
      : connections(owner ? std::shared_ptr<swill::cluster>{owner->cluster()} : nullptr, owner, std::move(o)) {}
  ~connections() override;

  /// Lets those clients call `swill.connections.…` whom `f(context&)` lets: a plain function or a coroutine, which gives nothing or a bool,
  /// and denies by false or by throwing, best an error of its own. Runs on I/O threads. Before the server starts, else
  /// std::logic_error; the last call counts.
  /// Without a rule nobody may: ERROR 403.
  template <class F>
  void allow_admin(F f) {
    set_admin_rule(detail::make_rule(std::move(f)));
  }

  /// Of this node: as cluster::id.
  const std::string& node_id() const noexcept;
  /// What it is called (pubsub_options::node_name, or without a bus connections_options::node_name).
  const std::string& node_name() const noexcept;
  const connections_options& options() const noexcept;

  template <class T>
  using answer = std::function<void(result<T>)>;

  /// A page. Error 400 for a cursor that is none.
  task<connection_page> list(connection_query q = {});
  void list_then(connection_query q, answer<connection_page> done);

  task<connection_count> count(connection_filter f = {});
  void count_then(connection_filter f, answer<connection_count> done);

  /// One connection with its requests, by its id; on a node, or wherever it is. Error 404 when it is nowhere, 503 when it is not on the
  /// nodes that have answered.
  task<connection_details> show(std::string id, std::string node = {});
  void show_then(std::string id, std::string node, answer<connection_details> done);

  /// Closes one; returns when its node has begun to. `code` is one that may travel (RFC 6455 §7.4), else error 400; of the reason 123
  /// bytes do. Errors as show.
  task<closed_connections> close(std::string id, int code = 1008, std::string reason = {}, std::string node = {});
  void close_then(std::string id, int code, std::string reason, std::string node, answer<closed_connections> done);

  /// Cancels one open request of a connection: its handler is cancelled, and its client gets ERROR 499 with the reason, of which 123 bytes
  /// are sent. What it was. Errors as show, and 404 also when no request of that seq is open.
  task<open_request> cancel(std::string id, std::uint64_t seq, std::string reason = {}, std::string node = {});
  void cancel_then(std::string id, std::uint64_t seq, std::string reason, std::string node, answer<open_request> done);

  /// Closes all connections of a user (connection::user) on all nodes: how many. Error 400 for an empty name.
  task<closed_connections> close_user(std::string user, int code = 1008, std::string reason = {});
  void close_user_then(std::string user, int code, std::string reason, answer<closed_connections> done);

  /// What comes and goes from now on. Error 429 beyond connections_options::watchers.
  task<connection_feed> watch(event_filter f = {});
  /// The same outside of requests: calls f on the first I/O thread, where it must not block; what it throws is logged. Events of other
  /// nodes come as soon as those have heard of it.
  [[nodiscard]] listening listen(std::function<void(const connection_event&)> f, event_filter filter = {});

  // --- plugin
  std::string_view kind() const noexcept override { return "connections"; }
  const plugin* needs() const noexcept override; // who has the cluster
  void check(mistake_list& out) const override;
  void install(app& a) override;
  /// Returns when the other nodes can find this one, or it turned out that they cannot be reached, after three seconds at most.
  void start(actors::runtime& r) override;
  void stop(std::function<void()> done) override;

private:
  struct impl;

  connections(std::shared_ptr<swill::cluster> nodes, std::shared_ptr<const plugin> owner, connections_options o);
  void set_admin_rule(detail::hook<context&> r);

  std::shared_ptr<impl> impl_; // shared with the handlers that it has installed
};

} // namespace swill
