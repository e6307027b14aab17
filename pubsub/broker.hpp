#pragma once

#include "actors/cluster/cluster.hpp"
#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/result.hpp"
#include "libswill/base/value.hpp"
#include "pubsub/options.hpp"
#include "pubsub/publication.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swill {

/// Somebody who is present in a topic.
struct presence_member {
  // No aggregate: g++ 12 breaks temporaries of aggregates in an expression with co_await.
  presence_member() = default;
  presence_member(std::string id, std::string user = {}, value data = {})
      : id(std::move(id)), user(std::move(user)), data(std::move(data)) {}

  std::string id;   ///< of the connection, or what the application calls it
  std::string user; ///< empty: unknown
  value data;
  bool operator==(const presence_member&) const = default;
};

template <class D>
void describe(D& d, presence_member& m) {
  d.field("id", m.id);
  d.field("user", m.user);
  d.field("data", m.data);
}

/// What a broker tells of its own accord. The broker calls these functions on its loop, one at a time: never while one of them still runs.
class broker_listener {
public:
  /// A message of a topic that this node subscribes to. In order, but perhaps with gaps or duplicates: see offset and epoch.
  virtual void on_publication(const publication_ptr& p) = 0;
  /// Where the end of a subscribed topic is now, for whoever has missed something.
  virtual void on_position(const std::string& topic, const position& top) = 0;
  /// The broker cannot be reached: everything fails with 503 until on_up.
  virtual void on_down() = 0;
  /// It can again; topics are subscribed again before this is called. The listener fetches from history what was published meanwhile.
  virtual void on_up() = 0;
  /// What this node had entered as present may have been taken for dead: enter it again.
  virtual void on_presence_lost() = 0;

protected:
  ~broker_listener() = default;
};

/// Keeps topics and hands out their messages: in memory (memory_broker), or in Redis, shared by many nodes (redis_broker). Lives on one
/// loop; all functions are called there, and answers come there, perhaps before the function returns. A broker that is down answers
/// error 503 with {"retryable": true} at once.
///
/// What it promises: `publish` that was answered with a position is in the topic's history, under the next offset of its epoch, until
/// history_length or history_age end that; and was sent to every node that subscribes then. Messages of one topic have one order, the
/// same for all nodes.
class broker {
public:
  template <class T>
  using answer = std::function<void(result<T>)>;

  struct topic_state {
    position top;             ///< the last message
    publication_ptr retained; ///< it, when the topic retains it; else null
  };
  struct history_page {
    position top;
    std::vector<publication_ptr> items; ///< ascending, without holes; the oldest after `since` that there is
    bool more = false;                  ///< there are later ones: ask again from the last
  };

  broker& operator=(broker&&) = delete;
  virtual ~broker() = default;

  /// Adds what in its own options makes no sense, by itself or beside those of pub/sub. Before start.
  virtual void check(const pubsub_options&, mistake_list&) const {}

  /// The nodes that share it, of which this one is `self`. Once, before it starts; what it gives runs only while this broker does. Unless it
  /// says otherwise, this node is alone.
  virtual std::shared_ptr<cluster> make_cluster(node_info self);
  /// Once, before anything else. What it is given must outlive it. `node` is this node's id.
  virtual void start(loop& l, broker_listener& to, const pubsub_options& o, const std::string& node,
                     const log_sink* log) = 0;
  /// Nothing is called afterwards but `done`.
  virtual void stop(std::function<void()> done) = 0;

  /// Appends to a topic; `data` is one encoded value, `trace` a trace-id for the publication to carry, or empty. With a key that was used
  /// for this topic within key_age, nothing is appended: the answer is the position of then.
  virtual void publish(const std::string& topic, bytes_view data, const std::string& key, std::string_view trace,
                       answer<position> done) = 0;
  /// From the answer on, messages of the topic reach the listener.
  virtual void subscribe(const std::string& topic, answer<topic_state> done) = 0;
  virtual void unsubscribe(const std::string& topic) = 0;
  /// Messages after `since`; when that is of another epoch, all that there are.
  virtual void history(const std::string& topic, const position& since, std::size_t limit,
                       answer<history_page> done) = 0;

  /// Adds a member of this node, or replaces its data. Whoever is new is published on presence_topic(topic), and whoever leaves:
  /// `{event: "join" | "leave", member: presence_member}`.
  virtual void enter(const std::string& topic, const presence_member& who, answer<void> done) = 0;
  virtual void leave(const std::string& topic, const std::string& id, answer<void> done) = 0;
  virtual void members(const std::string& topic, answer<std::vector<presence_member>> done) = 0;
};

/// The topic of the events of another topic's presence.
std::string presence_topic(const std::string& topic);
/// `{event, member}`, encoded.
bytes presence_event(std::string_view event, const presence_member& who);

} // namespace swill
