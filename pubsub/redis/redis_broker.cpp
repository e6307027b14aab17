#include "pubsub/redis/redis_broker.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/redis/client.hpp"
#include "libswill/redis/subscriber.hpp"
#include "pubsub/redis/scripts.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <unordered_map>

namespace swill {

namespace {

using redis::reply;
using redis::reply_view;

std::uint64_t number_of(std::string_view s) noexcept {
  std::uint64_t n = 0;
  std::from_chars(s.data(), s.data() + s.size(), n);
  return n;
}
position position_of(const reply_view& r, std::size_t i) noexcept {
  return {number_of(r[i].text()), number_of(r[i + 1].text())};
}
std::string text_of(std::chrono::milliseconds d) { return std::to_string(std::max<std::int64_t>(1, d.count())); }
std::string text_of(std::size_t n) { return std::to_string(n); }

/// The word at the front of s, which is cut off it with the space behind.
std::string_view take_word(std::string_view& s) noexcept {
  const std::size_t end = std::min(s.find(' '), s.size());
  const std::string_view word = s.substr(0, end);
  s.remove_prefix(std::min(end + 1, s.size()));
  return word;
}

/// An event without its member, which stands at its end.
std::string event_head(std::string_view event) {
  const bytes whole = presence_event(event, {});
  buffer member;
  wire::writer w{member};
  encode_message(w, presence_member{});
  return std::string{as_text(whole).substr(0, whole.size() - member.size())};
}

} // namespace

struct redis_broker::impl : std::enable_shared_from_this<impl> {
  /// A topic that is subscribed.
  struct channel {
    std::vector<answer<topic_state>> waiting; ///< for the first confirmation
    position seen;                            ///< the last that was heard of
    position own;                             ///< the last that was handed out when its publish was answered
    bool confirmed = false;
  };
  struct beat_timer final : timer {
    explicit beat_timer(impl& b) : owner(b) {}
    void on_timer() override { owner.beat(); }
    impl& owner;
  };
  struct check_timer final : timer {
    explicit check_timer(impl& b) : owner(b) {}
    void on_timer() override { owner.check_next(); }
    impl& owner;
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

  /// ARGV 1 to 8 of `append` in scripts.cpp.
  std::vector<std::string> append_arguments(const std::string& topic, std::string_view data) const {
    const topic_options& o = options->of(topic);
    return {std::string{data},         std::to_string(make_epoch()),
            text_of(o.history_length), text_of(o.history_age),
            text_of(ttl(o)),           channel_of(topic),
            o.retain_last ? "1" : "0", text_of(grace(o))};
  }
  template <class F>
  void run(const redis::script& s, const std::vector<std::string>& keys, const std::vector<std::string>& arguments,
           F f) {
    const std::vector<std::string_view> k(keys.begin(), keys.end());
    const std::vector<std::string_view> a(arguments.begin(), arguments.end());
    // Nothing comes after stop.
    s.run(*commands, k, a, [self = weak_from_this(), f = std::move(f)](result<reply> r) {
      const auto alive = self.lock();
      if (!alive || alive->stopped) return;
      if (r) return f(std::move(r));
      f(alive->told(r.error()));
    });
  }
  /// What a caller is told. The text of what Redis refused is for the log.
  error told(const error& e) const {
    const value* text = e.data.find("redis");
    if (text == nullptr) return e;
    logger{log}.write(log_level::error, "pub/sub: Redis answered " + to_text(*text));
    if (e.code == static_cast<std::int64_t>(error_code::unavailable))
      return broker_unavailable("Redis cannot do it now");
    return {error_code::internal_error, "An internal server error occurred"};
  }

  // --- connections
  void start();
  void on_message(std::string_view name, std::string_view payload);
  void on_publication(const std::string& topic, std::string_view payload);
  void on_published(const std::string& topic, const position& at, bytes_view data);
  void on_node_payload(std::string_view payload);
  void on_subscribed(std::string_view name);
  void on_state();
  void look(const std::string& topic);

  // --- from time to time
  void beat();
  void on_beat(const reply_view& r);
  void check_all(std::function<void(bool ok)> done);
  void check_next();
  void check_some(std::vector<std::string> topics, std::function<void(bool)> done);

  redis_broker_options settings;
  loop* home = nullptr;
  broker_listener* listener = nullptr;
  const pubsub_options* options = nullptr;
  const log_sink* log = nullptr;
  std::string node;
  std::unique_ptr<redis::client> commands;
  std::unique_ptr<redis::subscriber> feed;
  std::unordered_map<std::string, channel> channels; ///< by topic
  std::size_t unconfirmed = 0;
  std::vector<std::string> to_check; ///< of this round
  std::vector<node_info> nodes;
  beat_timer beating{*this};
  check_timer checking{*this};
  bool up = false;
  bool coming_up = false;
  bool stopped = false;
};

// --- Connections

void redis_broker::impl::start() {
  commands = std::make_unique<redis::client>(*home, settings.server, log);
  commands->on_state([this](bool) { on_state(); });
  redis::subscriber_events events;
  events.on_message = [this](std::string_view name, std::string_view payload) { on_message(name, payload); };
  events.on_subscribed = [this](std::string_view name) { on_subscribed(name); };
  events.on_state = [this](bool now_up) {
    if (!now_up) {
      for (auto& [topic, c] : channels) c.confirmed = false;
      unconfirmed = channels.size();
    }
    on_state();
  };
  feed = std::make_unique<redis::subscriber>(*home, settings.server, std::move(events), log);
  feed->subscribe(key("node:", node));
  feed->subscribe(key("node:", ""));
  commands->start();
  feed->start();
}

/// Up is: both connections, and all channels confirmed. What was missed until then is looked for.
void redis_broker::impl::on_state() {
  if (stopped) return;
  const bool can = commands->is_up() && feed->is_up();
  if (!can) {
    coming_up = false;
    std::vector<answer<topic_state>> waiting; // all, before the first hears of it: it may unsubscribe
    for (auto& [topic, c] : channels) {
      std::move(c.waiting.begin(), c.waiting.end(), std::back_inserter(waiting));
      c.waiting.clear();
    }
    for (const auto& w : waiting) w(broker_unavailable("Redis cannot be reached"));
    if (std::exchange(up, false)) listener->on_down();
    return;
  }
  if (up || coming_up || unconfirmed != 0) return;
  coming_up = true;
  beat();
  check_all([this](bool ok) {
    if (!std::exchange(coming_up, false)) return;
    if (!ok) return home->set_timer(checking, home->now() + options->heartbeat / 10); // Redis is there but refuses
    up = true;
    listener->on_presence_lost(); // cheap when nothing was lost
    listener->on_up();
    home->set_timer(checking, home->now() + options->check_interval);
  });
}

void redis_broker::impl::on_subscribed(std::string_view name) {
  const std::string begin = channel_of({});
  if (!name.starts_with(begin)) return;
  const std::string topic{name.substr(begin.size())};
  const auto it = channels.find(topic);
  if (it == channels.end() || std::exchange(it->second.confirmed, true)) return;
  --unconfirmed;
  if (!it->second.waiting.empty()) look(topic);
  on_state();
}

void redis_broker::impl::look(const std::string& topic) {
  run(detail::look_script, {key("t:", topic), key("h:", topic)},
      {std::to_string(make_epoch()), text_of(ttl(options->of(topic)))}, [this, topic](const result<reply>& r) {
        const auto it = channels.find(topic);
        if (it == channels.end()) return;
        const auto waiting = std::exchange(it->second.waiting, {});
        if (!r) {
          for (const auto& w : waiting) w(r.error());
          return;
        }
        topic_state s{position_of(*r, 0), nullptr};
        const std::string_view last = (*r)[2].text();
        const topic_options& o = options->of(topic);
        if (o.retain_last && !last.empty())
          s.retained = std::make_shared<const publication>(topic, s.top, as_bytes(last), o);
        it->second.seen = s.top;
        for (const auto& w : waiting) w(s);
      });
}

void redis_broker::impl::on_message(std::string_view name, std::string_view payload) {
  if (stopped) return;
  const std::string_view rest = name.substr(settings.prefix.size());
  if (rest.starts_with("c:")) return on_publication(std::string{rest.substr(2)}, payload);
  on_node_payload(payload);
}

void redis_broker::impl::on_publication(const std::string& topic, std::string_view payload) {
  const auto it = channels.find(topic);
  if (it == channels.end()) return;
  position at;
  at.epoch = number_of(take_word(payload));
  at.offset = number_of(take_word(payload));
  auto& [waiting, seen, own, confirmed] = it->second;
  if (at.epoch == own.epoch && at.offset <= own.offset) return;
  if (at.epoch != seen.epoch || at.offset > seen.offset) seen = at;
  listener->on_publication(std::make_shared<const publication>(topic, at, as_bytes(payload), options->of(topic)));
}

/// What this node has published need not wait until it comes back, when it is the next of its topic.
void redis_broker::impl::on_published(const std::string& topic, const position& at, bytes_view data) {
  const auto it = channels.find(topic);
  if (it == channels.end() || !it->second.confirmed) return;
  auto& [waiting, seen, own, confirmed] = it->second;
  if (at.epoch != seen.epoch || at.offset != seen.offset + 1) return;
  seen = own = at;
  listener->on_publication(std::make_shared<const publication>(topic, at, data, options->of(topic)));
}

void redis_broker::impl::on_node_payload(std::string_view payload) {
  const std::string from{take_word(payload)};
  const std::size_t size = std::min<std::size_t>(number_of(take_word(payload)), payload.size());
  listener->on_node_message(from, std::string{payload.substr(0, size)}, as_bytes(payload.substr(size)));
}

// --- From time to time

void redis_broker::impl::beat() {
  if (stopped) return;
  home->set_timer(beating, home->now() + options->heartbeat);
  if (!commands->is_up()) return;
  std::vector<std::string> arguments = append_arguments(presence_topic({}), event_head("leave"));
  arguments[5] = channel_of({});
  arguments.insert(arguments.end(), {node, text_of(options->node_lease), settings.prefix, ""});
  run(detail::beat_script, {key("nodes", {})}, arguments, [this](const result<reply>& r) {
    if (r) on_beat(*r);
  });
}

void redis_broker::impl::on_beat(const reply_view& r) {
  std::vector<node_info> now;
  for (std::size_t i = 1; i < r.size(); ++i) now.push_back({std::string{r[i].text()}});
  std::sort(now.begin(), now.end(), [](const node_info& a, const node_info& b) { return a.id < b.id; });
  if (r[0].integer() == 0 && up)
    listener->on_presence_lost(); // another node took this one for dead, or Redis was wiped
  if (now == nodes) return;
  nodes = now;
  listener->on_nodes(now);
}

/// A part of the topics each time, so that each has its turn once in check_interval.
void redis_broker::impl::check_next() {
  if (stopped) return;
  if (!up) return on_state();
  constexpr std::size_t most = 128;
  if (to_check.empty()) {
    for (const auto& [topic, c] : channels) to_check.push_back(topic);
  }
  const std::size_t rounds = std::max<std::size_t>(1, (channels.size() + most - 1) / most);
  home->set_timer(checking, home->now() + options->check_interval / static_cast<int>(rounds));
  const std::size_t n = std::min(most, to_check.size());
  if (n == 0) return;
  std::vector<std::string> some(to_check.end() - static_cast<std::ptrdiff_t>(n), to_check.end());
  to_check.resize(to_check.size() - n);
  check_some(std::move(some), [](bool) {});
}

void redis_broker::impl::check_all(std::function<void(bool)> done) {
  constexpr std::size_t most = 128;
  std::vector<std::vector<std::string>> parts(1);
  for (const auto& [topic, c] : channels) {
    if (parts.back().size() == most) parts.emplace_back();
    parts.back().push_back(topic);
  }
  struct progress {
    std::size_t left;
    bool ok = true;
  };
  const auto p = std::make_shared<progress>(progress{parts.size()}); // with the answers
  for (auto& part : parts) {
    check_some(std::move(part), [p, done](bool ok) {
      p->ok = p->ok && ok;
      if (--p->left == 0) done(p->ok);
    });
  }
}

void redis_broker::impl::check_some(std::vector<std::string> topics, std::function<void(bool)> done) {
  std::vector<std::string> keys;
  std::vector<std::string> arguments;
  std::erase_if(topics, [this](const std::string& t) { return channels.count(t) == 0; }); // since the round began
  for (const std::string& t : topics) {
    keys.insert(keys.end(), {key("t:", t), key("h:", t)});
    const position& seen = channels.find(t)->second.seen;
    arguments.insert(arguments.end(), {std::to_string(make_epoch()), text_of(ttl(options->of(t))),
                                       std::to_string(seen.epoch), std::to_string(seen.offset)});
  }
  if (keys.empty()) return done(true);
  run(detail::check_script, keys, arguments, [this, topics = std::move(topics), done](const result<reply>& r) {
    if (!r) return done(false);
    for (std::size_t i = 0; i < topics.size(); ++i) {
      const auto it = channels.find(topics[i]);
      if (it == channels.end()) continue;
      const position top = position_of(*r, 2 * i);
      if (top.epoch != it->second.seen.epoch) it->second.seen = top;
      listener->on_position(topics[i], top);
    }
    done(true);
  });
}

// --- broker

redis_broker::redis_broker(redis_broker_options o) : impl_(std::make_shared<impl>(std::move(o))) {}
redis_broker::~redis_broker() = default;

void redis_broker::start(loop& l, broker_listener& to, const pubsub_options& o, const std::string& node,
                         const log_sink* log) {
  impl_->home = &l;
  impl_->listener = &to;
  impl_->options = &o;
  impl_->node = node;
  impl_->log = log;
  impl_->start();
}

void redis_broker::stop(std::function<void()> done) {
  impl& i = *impl_;
  if (std::exchange(i.stopped, true) || !i.commands) return done();
  i.beating.cancel();
  i.checking.cancel();
  const auto close = [self = impl_, done = std::move(done)] {
    self->feed->close([self, done] { self->commands->close(done); });
  };
  if (!i.commands->is_up()) return close();
  std::vector<std::string> arguments = i.append_arguments(presence_topic({}), event_head("leave"));
  arguments[5] = i.channel_of({});
  arguments.insert(arguments.end(), {i.node, text_of(i.options->node_lease), i.settings.prefix, "1"});
  const std::string nodes = i.key("nodes", {});
  const std::vector<std::string_view> a(arguments.begin(), arguments.end());
  const std::vector<std::string_view> k{nodes};
  detail::beat_script.run(*i.commands, k, a, [close](const result<reply>&) { close(); });
}

void redis_broker::publish(const std::string& topic, bytes_view data, const std::string& key, answer<position> done) {
  std::vector<std::string> arguments = impl_->append_arguments(topic, as_text(data));
  arguments.push_back(key.empty() ? "" : text_of(impl_->options->key_age));
  bytes own; // only where it is wanted
  if (impl_->channels.count(topic) != 0) own.assign(data.begin(), data.end());
  impl_->run(detail::publish_script,
             {impl_->key("t:", topic), impl_->key("h:", topic), impl_->key("k:", topic + " " + key)}, arguments,
             [i = impl_.get(), topic, own = std::move(own), done = std::move(done)](const result<reply>& r) {
               if (!r) return done(r.error());
               const position at = position_of(*r, 0);
               const bool fresh = r->size() == 2; // else it was published before, and perhaps something else
               if (fresh && !own.empty()) i->on_published(topic, at, own);
               done(at);
             });
}

void redis_broker::subscribe(const std::string& topic, answer<topic_state> done) {
  impl& i = *impl_;
  if (!i.commands->is_up() || !i.feed->is_up()) return done(broker_unavailable("Redis cannot be reached"));
  const auto [it, fresh] = i.channels.try_emplace(topic);
  it->second.waiting.push_back(std::move(done));
  if (fresh) {
    ++i.unconfirmed;
    i.feed->subscribe(i.channel_of(topic));
  } else if (it->second.confirmed) {
    i.look(topic);
  }
}

void redis_broker::unsubscribe(const std::string& topic) {
  const auto it = impl_->channels.find(topic);
  if (it == impl_->channels.end()) return;
  if (!it->second.confirmed) --impl_->unconfirmed;
  impl_->channels.erase(it);
  impl_->feed->unsubscribe(impl_->channel_of(topic));
  impl_->on_state(); // it may have been the last that was waited for
}

void redis_broker::history(const std::string& topic, const position& since, std::size_t limit,
                           answer<history_page> done) {
  const topic_options& o = impl_->options->of(topic);
  impl_->run(detail::history_script, {impl_->key("t:", topic), impl_->key("h:", topic)},
             {std::to_string(make_epoch()), text_of(impl_->ttl(o)), std::to_string(since.epoch),
              std::to_string(since.offset), text_of(std::max<std::size_t>(1, limit)), text_of(o.history_age),
              text_of(o.history_length)},
             [topic, &o, done = std::move(done)](const result<reply>& r) {
               if (!r) return done(r.error());
               history_page page;
               page.top = position_of(*r, 0);
               page.more = (*r)[2].text() == "1";
               for (std::size_t n = 3; n + 1 < r->size(); n += 2) {
                 const position at{page.top.epoch, number_of((*r)[n].text())};
                 page.items.push_back(std::make_shared<const publication>(topic, at, as_bytes((*r)[n + 1].text()), o));
               }
               done(std::move(page));
             });
}

void redis_broker::enter(const std::string& topic, const presence_member& who, answer<void> done) {
  const std::string events = presence_topic(topic);
  buffer member;
  wire::writer w{member};
  encode_message(w, who);
  std::vector<std::string> arguments = impl_->append_arguments(events, event_head("join"));
  arguments.insert(arguments.end(), {who.id, impl_->node, std::string{as_text(member.view())}, topic,
                                     text_of(impl_->options->members_per_topic)});
  impl_->run(
      detail::enter_script,
      {impl_->key("p:", topic), impl_->key("n:", impl_->node), impl_->key("t:", events), impl_->key("h:", events)},
      arguments, [done = std::move(done)](const result<reply>& r) {
        if (!r) return done(r.error());
        if (r->integer() == 0) return done(error{error_code::too_many_requests, "too many members"});
        done({});
      });
}

void redis_broker::leave(const std::string& topic, const std::string& id, answer<void> done) {
  const std::string events = presence_topic(topic);
  std::vector<std::string> arguments = impl_->append_arguments(events, event_head("leave"));
  arguments.insert(arguments.end(), {id, impl_->node, topic});
  impl_->run(
      detail::leave_script,
      {impl_->key("p:", topic), impl_->key("n:", impl_->node), impl_->key("t:", events), impl_->key("h:", events)},
      arguments, [done = std::move(done)](const result<reply>& r) {
        if (!r) return done(r.error());
        done({});
      });
}

void redis_broker::members(const std::string& topic, answer<std::vector<presence_member>> done) {
  impl_->run(detail::members_script, {impl_->key("p:", topic), impl_->key("nodes", {})},
             {text_of(impl_->options->node_lease)}, [done = std::move(done)](const result<reply>& r) {
               if (!r) return done(r.error());
               std::vector<presence_member> all(r->size());
               for (std::size_t n = 0; n < all.size(); ++n) {
                 std::optional<error> failure;
                 if (!decode_message(as_bytes((*r)[n].text()), limits{}, all[n], failure)) return done(*failure);
               }
               done(std::move(all));
             });
}

void redis_broker::send_to_node(const std::string& node, const std::string& kind, bytes_view data, answer<void> done) {
  const std::string channel = impl_->key("node:", node);
  std::string payload = impl_->node + " " + text_of(kind.size()) + " " + kind;
  payload += as_text(data);
  impl_->commands->command({"PUBLISH", channel, payload},
                           [self = std::weak_ptr{impl_}, done = std::move(done)](const result<reply>& r) {
                             const auto alive = self.lock();
                             if (!alive || alive->stopped) return;
                             if (!r) return done(alive->told(r.error()));
                             if (r->integer() == 0) return done(error{error_code::not_found, "no such node"});
                             done({});
                           });
}

void redis_broker::send_to_nodes(const std::string& kind, bytes_view data, answer<void> done) {
  send_to_node({}, kind, data, std::move(done));
}

} // namespace swill
