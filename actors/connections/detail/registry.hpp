#pragma once

#include "actors/cluster/cluster.hpp"
#include "actors/connections/detail/messages.hpp"
#include "actors/connections/options.hpp"
#include "actors/loop_actor.hpp"
#include "libswill/base/log_limiter.hpp"
#include "libswill/base/loop.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill::detail {

/// What a node knows of connections, its own and those of other nodes: asks its parts and the other nodes, puts their answers
/// together, answers other nodes, and passes events on. At home on the first unit; all functions on its thread.
class registry final : public actors::loop_actor {
public:
  struct settings {
    const connections_options* options;
    std::shared_ptr<swill::cluster> cluster; ///< shared with the connections object
    const log_sink* log;
  };
  registry(caf::actor_config& config, actors::unit& home, settings s);

  const char* name() const override { return "swill.registry"; }

  /// One for each unit, in order.
  void start(std::vector<caf::strong_actor_ptr> parts);
  /// Whoever waits is answered 503; then this ends.
  void stop();

  // --- From anybody: answers come on this thread
  void on_ask(ask_order o);
  /// There is another feed. `done` is called when other nodes have been asked for their events.
  void add_watcher(std::function<void(result<void>)> done);
  /// There is one less, also after add_watcher has answered an error.
  void remove_watcher();
  struct listener {
    std::uint64_t key = 0;
    event_filter filter;
    std::function<void(const connection_event&)> call;
  };
  /// Calls it with events, until remove_listener.
  void add_listener(listener l);
  void remove_listener(std::uint64_t key);

  // --- From the parts
  void on_part_reply(part_reply& r);
  void on_own_event(const event_ptr& e);

  // --- From the cluster
  void on_nodes(const std::vector<node_info>& nodes);
  void on_question(const std::string& from, bytes_view data);
  void on_answer(const std::string& from, bytes_view data);
  void on_events(const std::string& from, bytes_view data);

private:
  /// A question that nodes work on.
  struct gathering final : timer {
    explicit gathering(registry& r) : owner(r) {}
    void on_timer() override { owner.finish(token); }
    registry& owner;
    std::uint64_t token = 0;
    bool about_one = false;
    bool found = false;
    bool is_succession = false;
    std::size_t left = 0; ///< nodes that have neither answered nor failed
    std::map<std::string, std::optional<node_answer>> answers;
    std::function<void(result<gathered>)> done;
  };
  /// A list that nodes are asked for, some at a time, until there is a page.
  struct paging;
  /// A question that this node's parts work on, one after the other.
  struct job {
    question_ptr what;
    node_answer so_far;
    std::size_t unit = 0;
    std::size_t size = 0; ///< of the entries
    std::function<void(node_answer)> done;
  };

  // registry_questions.cpp
  void ask_known_nodes(ask_order& o);
  std::string name_of(const std::string& node) const;
  void next_page(std::shared_ptr<paging> p);
  void gather(question q, const std::vector<std::string>& nodes, std::function<void(result<gathered>)> done);
  void ask_node(const std::string& node, const question& q);
  void settle(std::uint64_t token, const std::string& node, std::optional<node_answer> a);
  void finish(std::uint64_t token);
  void serve(question q, std::function<void(node_answer)> done);
  void order_part(std::uint64_t number, const job& j, std::uint64_t behind);

  // registry_events.cpp
  void distribute(const event_ptr& e);
  void distribute_node(connection_event_kind kind, const std::string& node);
  void send_events();
  void watch_nodes(const std::vector<std::string>& nodes, std::function<void()> done);
  void renew();
  std::vector<std::string> other_nodes() const;
  void drop_stale_interest();

  template <class T>
  void send(const std::string& node, const char* kind, const T& message, cluster::answer<void> done = {});
  template <class T>
  std::optional<T> read(bytes_view data, const char* kind);

  settings settings_;
  limited_log errors_; ///< what other nodes, and watchers, can cause as often as something happens
  std::vector<caf::strong_actor_ptr> parts_;
  std::vector<std::string> nodes_;           ///< ascending, this one included
  std::map<std::string, std::string> names_; ///< of nodes that are called something
  bool knows_nodes_ = false;

  std::uint64_t last_token_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<gathering>> gatherings_;
  std::size_t successions_ = 0; ///< of them
  std::unordered_map<std::uint64_t, job> jobs_;
  std::size_t jobs_of_others_ = 0;

  std::size_t watchers_ = 0; ///< feeds and listeners
  std::vector<listener> listeners_;
  std::map<std::string, std::uint64_t> expected_; ///< by node: how many of its events have been seen or missed
  std::map<std::string, clock_time> interested_;  ///< nodes that want this one's events, until when
  std::deque<event_ptr> outbox_;                  ///< this node's last events, for them
  std::uint64_t event_count_ = 0;                 ///< of this node
  member_timer<registry, &registry::send_events> sending_{*this};
  member_timer<registry, &registry::renew> renewing_{*this};
};

template <class T>
void registry::send(const std::string& node, const char* kind, const T& message, cluster::answer<void> done) {
  settings_.cluster->send(node, kind, encoded_message(message), std::move(done));
}

template <class T>
std::optional<T> registry::read(bytes_view data, const char* kind) {
  std::optional<T> message{std::in_place};
  std::optional<error> failure;
  if (decode_message(data, limits{}, *message, failure)) return message;
  errors_.write(log_level::warning, kind, std::string{"a message between nodes is no "} + kind);
  return std::nullopt;
}

} // namespace swill::detail
