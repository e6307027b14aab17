#pragma once

#include "actors/loop_actor.hpp"
#include "pubsub/detail/subscription.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill::detail {

/// What a hub asks the broker's actor: it has another subscription, and is told by hub::on_joined.
struct join_order {
  std::uint32_t unit = 0;
  std::uint64_t token = 0; ///< the hub's
  std::string topic;
  std::optional<position> since;
  bool again = false; ///< it has begun, and reads on
};

/// The subscriptions of one unit. They call it; the broker's actor sends it each message of a topic that is subscribed here, once, and it
/// hands that to each of them.
class hub final : public actors::loop_actor, public topic_port {
public:
  hub(caf::actor_config& config, actors::unit& home, std::uint32_t number, caf::strong_actor_ptr broker)
      : loop_actor(config, home), number_(number), broker_(std::move(broker)) {}

  const char* name() const override { return "swill.hub"; }
  void on_exit() override;

  void join(membership& m, std::optional<position> since) override;
  void read_on(membership& m, const position& at) override;
  void leave(membership& m) noexcept override;
  /// A message of a topic that is subscribed here. Its topic's members have it when this returns.
  void deliver(const publication_ptr& p);
  /// The answer to a join_order.
  void on_joined(std::uint64_t token, result<joined> how);
  delivery_counters& counters() noexcept override { return counters_; }
  const delivery_counters& counters() const noexcept { return counters_; }

private:
  struct local_topic {
    std::string name;
    std::vector<membership*> members; ///< null: has left while a message was handed out
    bool busy = false;
    bool has_holes = false;
  };

  void ask(membership& m, std::optional<position> since, bool again);
  void close_holes(local_topic& t);
  void leave_if_empty(local_topic& t);

  const std::uint32_t number_;
  caf::strong_actor_ptr broker_; ///< null once this has ended
  std::unordered_map<std::string, std::unique_ptr<local_topic>> topics_;
  std::unordered_map<std::uint64_t, membership*> joining_;
  std::uint64_t last_token_ = 0;
  delivery_counters counters_;
};

} // namespace swill::detail
