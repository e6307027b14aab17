#pragma once

#include "libswill/base/log_limiter.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/redis/client.hpp"
#include "libswill/redis/subscriber.hpp"
#include "pubsub/redis/known_positions.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "pubsub/redis/scripts.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace swill {

namespace detail {

std::uint64_t number_of(std::string_view s) noexcept;
position position_of(const redis::reply_view& r, std::size_t i) noexcept;
/// The trace-id in a message's place (scripts.hpp), whose offset number_of gives; empty when it has none.
std::string_view trace_in(std::string_view place) noexcept;
/// Redis takes no time of zero.
inline std::int64_t count_of(std::chrono::milliseconds d) { return std::max<std::int64_t>(1, d.count()); }
/// An event without its member, which stands at its end.
std::string event_head(std::string_view event);

} // namespace detail

/// The broker's two connections, what it hears on them, and what it does from time to time. The broker's own functions, a script each, are in
/// redis_broker.cpp.
struct redis_broker::impl : std::enable_shared_from_this<impl> {
  /// A topic that is subscribed.
  struct channel {
    std::vector<answer<topic_state>> waiting; ///< for the first confirmation
    position seen;                            ///< the last that was heard of
    position own;                             ///< the last that was handed out when its publish was answered
    detail::known_position known;             ///< the furthest that anybody here was told of
    bool confirmed = false;
  };

  explicit impl(redis_broker_options o) : settings(std::move(o)) {}

  // --- names
  std::string key(const char* kind, const std::string& topic) const { return settings.prefix + kind + topic; }
  std::string channel_of(const std::string& topic) const { return key("c:", topic); }
  /// Keys are kept for so much longer than asked for, so that not each publish has to prolong them.
  static std::chrono::milliseconds grace(const topic_options& o) { return std::min(o.forget_after, o.history_age) / 8; }
  static std::chrono::milliseconds ttl(const topic_options& o) {
    return std::max(o.forget_after, o.history_age) + grace(o);
  }
  /// Of a topic that never had a message: it lives on as long as nodes that listen to it look at it.
  std::chrono::milliseconds brief_ttl(const topic_options& o) const {
    return std::min(ttl(o), 3 * options->check_interval);
  }

  // --- what this node knows
  detail::known_position known(const std::string& topic) const {
    const auto it = channels.find(topic);
    return it != channels.end() ? it->second.known : unheard.of(topic);
  }
  /// Somebody was told of this position, so it must never stand for another message.
  void note(const std::string& topic, const position& at) {
    if (const auto it = channels.find(topic); it != channels.end()) return it->second.known.note(at, home->now());
    unheard.note(topic, at, home->now(), options->remembered_positions);
  }
  /// The epoch of a topic that Redis does not know: another than all before, but for one that was seen without messages so short a time ago
  /// that it cannot have had, and lost, any since. So whoever waits at its beginning has missed nothing.
  std::uint64_t next_epoch(const std::string& topic) const {
    const detail::known_position k = known(topic);
    const bool still_empty = k.at.epoch != 0 && k.at.offset == 0 && //
                             home->now() - k.when < options->of(topic).forget_after;
    return still_empty ? k.at.epoch : make_epoch();
  }

  // --- what scripts are run with (scripts.hpp)
  template <class Call>
  void set_topic_keys(Call& c, std::string_view topic) const {
    c.set("meta", settings.prefix, "t:", topic);
    c.set("stream", settings.prefix, "h:", topic);
  }
  template <class Call>
  void set_look_arguments(Call& c, const std::string& topic) const {
    const topic_options& o = options->of(topic);
    const position at = known(topic).at;
    c.set("new_epoch", next_epoch(topic));
    c.set("ttl", detail::count_of(ttl(o)));
    c.set("brief_ttl", detail::count_of(brief_ttl(o)));
    c.set("known_epoch", at.epoch);
    c.set("known_offset", at.offset);
  }
  template <class Call>
  void set_append_arguments(Call& c, const std::string& topic) const {
    const topic_options& o = options->of(topic);
    c.set("new_epoch", next_epoch(topic));
    c.set("ttl", detail::count_of(ttl(o)));
    c.set("history_length", o.history_length);
    c.set("history_age", detail::count_of(o.history_age));
    c.set("retains", o.retain_last);
    c.set("grace", detail::count_of(grace(o)));
  }
  /// What enter_script and leave_script have in common. `kind`: of the event.
  template <class Call>
  void set_presence(Call& c, const std::string& topic, std::string_view kind) const {
    const std::string events = presence_topic(topic);
    c.set("present", settings.prefix, "p:", topic);
    c.set("present_of_node", settings.prefix, "n:", node);
    set_topic_keys(c, events);
    set_append_arguments(c, events);
    c.set("channel", settings.prefix, "c:", events);
    c.set("event", detail::event_head(kind));
    c.set("node", node);
    c.set("topic", topic);
  }
  /// A sign of life of this node, or that it leaves.
  redis::script_call<detail::beat_names> beat_call(bool leaves) const;

  template <class F>
  void run(const redis::script_values& call, F f, std::string trace = {}) {
    // Nothing comes after stop.
    call.run(*commands, [self = weak_from_this(), f = std::move(f), trace = std::move(trace)](result<redis::reply> r) {
      const auto alive = self.lock();
      if (!alive || alive->stopped) return;
      if (r) return f(std::move(r));
      f(alive->told(r.error(), trace));
    });
  }
  /// What a caller is told: 503 whatever Redis refused, since a script that ended halfway may have done what it was for. The text of the
  /// refusal is for the log, with the trace of the request that asked.
  error told(const error& e, std::string_view trace = {}) {
    const auto* said = e.data.find<std::string>("redis");
    if (said == nullptr) return e;
    const std::string line = "topics: Redis answered " + *said;
    errors->write(redis::refusal_word(*said), {.level = log_level::error, .text = line, .trace = trace});
    return errors::unavailable("Redis cannot do it now");
  }

  // --- connections
  void start();
  void on_message(std::string_view name, std::string_view payload);
  void on_publication(const std::string& topic, std::string_view payload);
  void on_published(const std::string& topic, const position& at, bytes_view data, std::string_view trace);
  void on_node_payload(std::string_view payload);
  void on_subscribed(std::string_view name);
  void on_state();
  void on_commands_up();
  void look(const std::string& topic);

  // --- from time to time
  /// `then` gets the nodes that there are.
  void beat(answer<std::vector<node_info>> then = {});
  void on_beat_due() { beat(); }
  void probe();
  void on_beat(const redis::reply_view& r);
  void beat_soon();
  /// Both connections are there, and others can write to this node.
  bool is_listed() const;
  /// The first attempt to be among the nodes is over.
  void on_tried(const result<std::vector<node_info>>& r);
  void check_all(std::function<void(bool ok)> done);
  void check_next();
  void check_some(std::vector<std::string> topics, std::function<void(bool)> done);

  redis_broker_options settings;
  loop* home = nullptr;
  broker_listener* listener = nullptr;
  own_cluster* cluster = nullptr; ///< null: nobody asks for the nodes
  const pubsub_options* options = nullptr;
  const log_sink* log = nullptr;
  std::string node;
  std::unique_ptr<limited_log> errors; ///< while it runs
  std::unique_ptr<redis::client> commands;
  std::unique_ptr<redis::subscriber> feed;
  std::unordered_map<std::string, channel> channels; ///< by topic
  static constexpr std::size_t node_channels = 2;    ///< of this node, and of all
  std::size_t unconfirmed = node_channels;           ///< channels, these included
  detail::known_positions unheard;                   ///< of topics that nobody here listens to
  clock_time commands_since{};                       ///< when the connection for commands came up
  bool checked = false;                              ///< since then: what Redis has lost is known
  unsigned check_round = 0;
  std::optional<clock_time> probed;  ///< when this node said something to itself that it has not heard yet
  std::vector<std::string> to_check; ///< of this round
  std::vector<node_info> nodes;
  std::vector<answer<std::vector<node_info>>> early; ///< who asked for them before has_tried
  bool has_tried = false;
  member_timer<impl, &impl::on_beat_due> beating{*this};
  member_timer<impl, &impl::check_next> checking{*this};
  bool up = false;
  bool stopped = false;
};

/// The nodes that share the broker's Redis, over its connections: each has a channel of its own there, and all have one together. They live
/// as long as the broker's sign of life says (redis_broker::impl::beat).
class redis_broker::own_cluster final : public cluster {
public:
  own_cluster(std::shared_ptr<impl> b, node_info self);
  ~own_cluster() override;

  using cluster::found;
  using cluster::heard;

private:
  void begin(loop&, const log_sink&) override {} // as the broker begins
  void end(std::function<void()> done) override { done(); }
  /// Asked before Redis has been reached for the first time, it answers when that has happened or has failed.
  void find_nodes(answer<std::vector<node_info>> done) override;
  void deliver(const std::string& node, const std::string& kind, bytes_view data, answer<void> done) override;

  const std::shared_ptr<impl> broker_; // shared with the broker
};

} // namespace swill
