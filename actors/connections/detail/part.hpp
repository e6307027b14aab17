#pragma once

#include "actors/connection_actor.hpp"
#include "actors/connections/detail/event_queue.hpp"
#include "actors/connections/detail/messages.hpp"
#include "actors/connections/options.hpp"
#include "actors/loop_actor.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace swill::detail {

/// The connections of one unit, in the order in which they came. Answers the registry's questions, tells it who comes and goes, and
/// hands events to the feeds of this unit.
class registry_part final : public actors::loop_actor, actors::connection_watcher {
public:
  struct settings {
    const connections_options* options;
    std::string node;
    std::string node_name;
    caf::strong_actor_ptr registry; ///< null once this has ended
  };
  registry_part(caf::actor_config& config, actors::unit& home, settings s);

  const char* name() const override { return "swill.registry_part"; }
  void on_exit() override;

  /// A feed of this unit; its events come when the registry has been told to watch. On this thread.
  void add(event_queue& q);
  // --- From the registry
  void work_on(const part_order& o);
  void hand_out(const connection_event& e);

private:
  struct seat {
    std::uint64_t number = 0;
    std::uint64_t id_hash = 0;
    actors::connection_actor* who = nullptr; ///< null: has gone
  };

  // --- actors::connection_watcher
  void on_connected(actors::connection_actor& c) override;
  void on_disconnected(actors::connection_actor& c, const close_reason& why) override;
  void on_ended(actors::connection_actor& c) override;

  /// f(registry) on its thread.
  template <class F>
  void tell(F f);
  void tell_event(connection_event e);
  void look_at_some(const part_order& o, part_reply& r);
  void find(const question& q, part_reply& r);
  void succeed(const question& q, part_reply r);
  void reply(part_reply r);
  bool fits(const actors::connection_actor& c, const connection_filter& f);
  void take(const part_order& o, const seat& s, part_reply& r);
  connection_entry entry_of(const actors::connection_actor& c) const;
  void tidy();

  /// An answer that waits for the end of connections.
  struct succession {
    part_reply answer;
    std::vector<const actors::connection_actor*> left;
  };

  settings settings_;
  std::vector<seat> seats_; ///< ascending
  /// Connections that say whose they are, by a hash of their client's id, until they have ended.
  std::unordered_multimap<std::uint64_t, actors::connection_actor*> clients_;
  std::vector<succession> successions_;
  std::size_t gone_ = 0;            ///< of them
  std::vector<event_queue*> feeds_; ///< null: has ended while events were handed out
  bool handing_out_ = false;
};

} // namespace swill::detail
