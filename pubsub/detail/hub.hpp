#pragma once

#include "actors/loop_actor.hpp"
#include "pubsub/detail/messages.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill::detail {

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
  delivery_counters& counters() noexcept override { return counters_; }
  const delivery_counters& counters() const noexcept { return counters_; }

private:
  struct local_topic {
    std::string name;
    std::vector<membership*> members; ///< null: has left while a message was handed out
    bool busy = false;
    bool has_holes = false;
  };

  bool on_mail(caf::mailbox_element& element) override;
  void ask(membership& m, std::optional<position> since, bool again);
  void on_reply(join_reply& r);
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
