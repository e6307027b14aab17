#pragma once

#include "actors/loop_actor.hpp"
#include "pubsub/broker.hpp"
#include "pubsub/detail/hub.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill::detail {

/// Owns a node's broker, on the first unit. Makes of what the broker hands out an unbroken sequence for each topic: what is missing it
/// fetches from history, and where that has nothing more it puts a notice. Sends each message once to each unit that subscribes.
class broker_actor final : public actors::loop_actor, broker_listener {
public:
  struct settings {
    std::shared_ptr<swill::broker> broker; ///< shared with the application
    const pubsub_options* options;
    std::string node;
    const log_sink* log;
  };
  broker_actor(caf::actor_config& config, actors::unit& home, settings s);

  const char* name() const override { return "swill.broker"; }

  /// One for each unit, in order; then the broker starts.
  void start(std::vector<caf::strong_actor_ptr> hubs);
  /// The broker stops; then this ends, and `done` is called.
  void stop(std::function<void()> done);

  swill::broker& store() const noexcept { return *settings_.broker; }
  void join(join_order o);
  /// A hub has no subscription of this topic any more.
  void leave(std::uint32_t unit, const std::string& topic);
  /// As broker::enter, but who enters n times must leave n times.
  void enter(const std::string& topic, const presence_member& who, broker::answer<void> done);
  void exit(const std::string& topic, const std::string& id, broker::answer<void> done);

  std::size_t topics() const noexcept { return topic_count_.load(std::memory_order_relaxed); } ///< from any thread
  bool is_up() const noexcept { return up_.load(std::memory_order_relaxed); }                  ///< from any thread

private:
  enum class stage : std::uint8_t { joining, live, recovering };

  /// A topic that somebody on this node listens to.
  struct topic {
    std::uint64_t id = 0;
    std::string name;
    stage at = stage::joining;
    position cursor;             ///< the last that the hubs were sent
    bool fresh = false;          ///< it had no message when the first came to listen, who has not been told yet
    std::uint64_t old_epoch = 0; ///< of messages that come too late
    position seen_behind;        ///< where the cursor was when the broker said that there is more
    publication_ptr last;        ///< when the topic retains it
    std::vector<std::uint32_t> units;
    std::vector<join_order> waiting;
    std::deque<publication_ptr> held; ///< what came while recovering
    std::vector<join_order> behind;   ///< that read on when the broker is back
  };
  struct local_member {
    presence_member who;
    std::size_t count = 0;
  };

  void on_subscribed(topic& t, result<broker::topic_state> r);
  void serve(topic& t, const join_order& o);
  void read_page(topic& t, const join_order& o);
  void on_page(const join_order& o, std::uint64_t topic_id, broker::history_page page);
  void serve_behind(topic& t);
  void reply(const join_order& o, result<joined> how);
  void forget(topic& t);

  void fan_out(topic& t, const publication_ptr& p);
  void hold(topic& t, const publication_ptr& p);
  void recover(topic& t);
  void on_recovered(topic& t, const broker::history_page& page);
  void release_held(topic& t);
  void recover_all();

  void take_out(const std::string& topic, const std::string& id, broker::answer<void> done);

  // --- broker_listener
  void on_publication(const publication_ptr& p) override;
  void on_position(const std::string& topic, const position& top) override;
  void on_down() override;
  void on_up() override;
  void on_presence_lost() override;

  /// f(topic) if it is still the same one.
  template <class F>
  void with_topic(const std::string& name, std::uint64_t id, F f);

  settings settings_;
  std::vector<caf::strong_actor_ptr> hubs_;
  hub* local_hub_ = nullptr; ///< the one on this unit, among them
  std::unordered_map<std::string, std::unique_ptr<topic>> topics_;
  std::map<std::pair<std::string, std::string>, local_member> present_; ///< of this node, by topic and id
  std::set<std::pair<std::string, std::string>> to_leave_;              ///< members that left while the broker was down
  std::uint64_t last_id_ = 0;
  std::atomic<std::size_t> topic_count_{0};
  std::atomic<bool> up_{true};
};

} // namespace swill::detail
