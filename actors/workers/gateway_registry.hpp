#pragma once

#include "actors/runtime.hpp"
#include "actors/workers/handler_table.hpp"
#include "actors/workers/link_lane.hpp"
#include "actors/workers/network.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/printable.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill::actors::workers {

class gateway_link;

/// The links to the workers that came to the listening port, and which of them serve which names. Lives on the first loop; all calls there.
class gateway_registry {
public:
  gateway_registry(runtime& r, std::shared_ptr<const detail::service> app, network& net, const gateway_options& o);
  ~gateway_registry();

  /// The published actor; workers knock there.
  const caf::strong_actor_ptr& door() const noexcept { return door_; }
  /// Ends every link; `done` runs, on this loop, when nothing of them is left on any loop.
  void stop(std::function<void()> done);

  /// A worker has shown who it is, and is going to knock with the ticket of these keys, or its stay ends after
  /// gateway_options::handshake_timeout. False: gateway_options::workers are here already. From any thread; the ticket is known when this
  /// returns, since the worker's mail may overtake what is posted to a loop.
  bool expect(const link_keys& k, const std::shared_ptr<visit>& stay);
  /// Writes a line that a peer can cause as often as it likes: one a second of each kind. From any thread.
  void log_peer(log_level level, std::string_view kind, std::string text);

  // --- For the door and the links
  void knock(const token& ticket, const caf::strong_actor_ptr& worker);
  void open_lanes(gateway_link& l);
  void announced(gateway_link& l, announcement a);
  /// Out: at once, on all loops. The record `told` tells the worker why.
  void remove(gateway_link& l, const std::string& why, record told = record::refuse);

  unit& home() noexcept { return home_; }
  network& net() noexcept { return net_; }
  const gateway_options& options() const noexcept { return options_; }
  const detail::service& app() const noexcept { return *app_; }
  std::size_t loops() const noexcept { return tables_.size(); }
  void log(log_level level, const std::string& text) const {
    logger{&app_->log, log_room::workers}.write(level, printable(text)); // workers have chosen the names in it
  }

private:
  struct served_name {
    std::shared_ptr<const announced_handler> what;
    std::vector<std::uint64_t> workers;
  };
  struct member {
    caf::strong_actor_ptr link;
    std::shared_ptr<worker_state> state; // shared with its lanes
    std::vector<std::shared_ptr<const announced_handler>> handlers;
    std::shared_ptr<visit> stay; // shared with its socket
  };

  /// A worker whose stay ends at a time.
  struct guest {
    std::shared_ptr<visit> stay;   // shared with its socket
    std::optional<link_keys> keys; ///< of one that has not knocked; none: it was a member
    clock_time until;
  };

  void await_workers();
  void await_nobody();
  void become_ready();
  std::optional<guest> redeem(const token& ticket);
  void watch_guests();
  void end_late_stays();
  /// Why it does not, or nothing.
  std::string serve(std::uint64_t worker, const std::shared_ptr<const announced_handler>& h);
  void serve_all(std::uint64_t worker, member& m, const std::vector<std::shared_ptr<const announced_handler>>& all);
  /// f(table) on the loop of each.
  void on_tables(const std::function<void(handler_table&)>& f);

  runtime& runtime_;
  unit& home_;
  network& net_;
  std::shared_ptr<const detail::service> app_; // shared by all connections of the server
  const gateway_options& options_;
  std::vector<std::shared_ptr<handler_table>>
      tables_; // one for each loop; shared with the functions that are posted to that loop and change it
  caf::strong_actor_ptr door_;
  std::mutex mutex_;                           // guards the next two
  std::vector<std::shared_ptr<visit>> visits_; ///< of all who have shown who they are, until their sockets are gone
  std::deque<guest> guests_;                   ///< the oldest first
  std::map<std::uint64_t, member> members_;    // in the order in which they came
  std::unordered_map<std::string, served_name> names_;
  std::uint64_t last_ = 0;
  bool stopped_ = false;
  bool holds_ = false; ///< the server's readiness
  member_timer<gateway_registry, &gateway_registry::await_nobody> awaiting_{*this};
  member_timer<gateway_registry, &gateway_registry::end_late_stays> guests_timer_{*this};
  limited_log peers_log_;
  std::shared_ptr<gateway_registry*>
      self_; // with those who watch workers' deaths, and functions posted to this loop; null inside once stopped
};

/// One worker as the first loop sees it: lanes, announcement, heartbeats.
class gateway_link final : public link_lane, timer {
public:
  /// `until`: by then it has announced its handlers, or is refused.
  gateway_link(caf::actor_config& config, unit& home, gateway_registry& g, std::uint64_t id, const link_keys& keys,
               clock_time until, caf::strong_actor_ptr worker);

  const char* name() const override { return "swill.workers.gateway_link"; }
  /// Answers a knock, and opens the lanes.
  void begin();
  /// All lanes are open.
  void ready();
  void note(const std::string& text) { write(record::note, 0, 0, as_bytes(text)); }
  /// Ends the link with a word to the worker.
  void refuse(const std::string& why);

  std::uint64_t number() const noexcept { return id_; }
  const link_keys& keys() const noexcept { return keys_; }
  const std::shared_ptr<worker_state>& state() const noexcept { return state_; }

private:
  void on_record(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content,
                 const caf::strong_actor_ptr& sender) override;
  void on_broken() override;
  void on_announcement(bytes_view content);
  void on_timer() override;
  void on_exit() override;

  enum class stage : std::uint8_t { joining, serving };
  gateway_registry& registry_;
  std::uint64_t id_;
  caf::node_id node_;
  link_keys keys_;
  std::shared_ptr<worker_state> state_; // shared with its lanes and the registry
  stage stage_ = stage::joining;
  clock_time joins_until_;
  clock_time heard_;
  clock_time looked_; ///< when on_timer ran last
};

} // namespace swill::actors::workers
