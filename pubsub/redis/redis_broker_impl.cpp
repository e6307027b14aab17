#include "pubsub/redis/redis_broker_impl.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/base/trace_id.hpp"

#include <charconv>
#include <iterator>

namespace swill {

namespace detail {

std::uint64_t number_of(std::string_view s) noexcept {
  std::uint64_t n = 0;
  std::from_chars(s.data(), s.data() + s.size(), n);
  return n;
}

position position_of(const redis::reply_view& r, std::size_t i) noexcept {
  return {number_of(r[i].text()), number_of(r[i + 1].text())};
}

std::string_view trace_in(std::string_view place) noexcept {
  const std::size_t slash = place.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view trace = place.substr(slash + 1);
  return is_trace_id(trace) ? trace : std::string_view{};
}

std::string event_head(std::string_view event) {
  const bytes whole = presence_event(event, {});
  const bytes member = encoded_message(presence_member{});
  return std::string{as_text(whole).substr(0, whole.size() - member.size())};
}

} // namespace detail

using namespace detail;
using redis::reply;
using redis::reply_view;

namespace {

/// The word at the front of s, which is cut off it with the space after it.
std::string_view take_word(std::string_view& s) noexcept {
  const std::size_t end = std::min(s.find(' '), s.size());
  const std::string_view word = s.substr(0, end);
  s.remove_prefix(std::min(end + 1, s.size()));
  return word;
}

} // namespace

// --- Connections

void redis_broker::impl::start() {
  errors = std::make_unique<limited_log>(*home, log, log_room::pubsub);
  commands = std::make_unique<redis::client>(*home, settings.server, log);
  commands->set_check(access_check(settings.prefix));
  commands->on_state([this](bool now_up) {
    checked = false;
    if (now_up) {
      on_commands_up();
    } else {
      on_tried(errors::unavailable("Redis cannot be reached"));
    }
    on_state();
  });
  // What it hears may come from the same wrong one: a replica repeats what is published, but not when it is cut off.
  commands->on_wrong_server([this] { feed->reconnect("what has its name is the wrong one"); });
  redis::subscriber_events events;
  events.on_message = [this](std::string_view name, std::string_view payload) { on_message(name, payload); };
  events.on_subscribed = [this](std::string_view name) { on_subscribed(name); };
  events.on_state = [this](bool now_up) {
    probed.reset();
    if (!now_up) {
      for (auto& [topic, c] : channels) c.confirmed = false;
      unconfirmed = channels.size() + node_channels;
      on_tried(errors::unavailable("Redis cannot be reached"));
    }
    on_state();
  };
  feed = std::make_unique<redis::subscriber>(*home, settings.server, std::move(events), log);
  feed->set_check(access_check(settings.prefix));
  feed->set_check({"SUBSCRIBE", channel_of({})}); // whether we may; no topic has this channel
  unconfirmed = node_channels;
  feed->subscribe(key("node:", node));
  feed->subscribe(key("node:", ""));
  commands->start();
  feed->start();
}

/// Before anything else is asked on this connection: has Redis lost messages that somebody here was told of? Then their topics begin anew, and
/// no publish of this node can be given one of their offsets.
void redis_broker::impl::on_commands_up() {
  commands_since = home->now();
  check_all([this, round = ++check_round](bool ok) {
    if (round != check_round || stopped) return;
    checked = ok;
    if (!ok) return home->set_timer(checking, home->now() + options->heartbeat / 10); // Redis is there but refuses
    on_state();
  });
}

/// Up is: both connections, what Redis has lost is known, and all channels are confirmed. What was missed until then is looked for.
void redis_broker::impl::on_state() {
  if (stopped) return;
  const bool can = commands->is_up() && feed->is_up();
  if (!can) {
    std::vector<answer<topic_state>> waiting; // all, before the first hears of it: it may unsubscribe
    for (auto& [topic, c] : channels) {
      std::move(c.waiting.begin(), c.waiting.end(), std::back_inserter(waiting));
      c.waiting.clear();
    }
    for (const auto& w : waiting) w(errors::unavailable("Redis cannot be reached"));
    if (std::exchange(up, false)) listener->on_down();
    return;
  }
  if (!up && !early.empty() && is_listed()) beat(); // whoever asked early wants the nodes only
  if (up || !checked || unconfirmed != 0) return;
  up = true;
  beat();
  listener->on_presence_lost(); // cheap when nothing was lost
  listener->on_up();
  home->set_timer(checking, home->now() + options->check_interval);
}

void redis_broker::impl::on_subscribed(std::string_view name) {
  const std::string begin = channel_of({});
  if (!name.starts_with(begin)) { // one of this node's own
    --unconfirmed;
    return on_state();
  }
  const std::string topic{name.substr(begin.size())};
  const auto it = channels.find(topic);
  if (it == channels.end() || std::exchange(it->second.confirmed, true)) return;
  --unconfirmed;
  if (!it->second.waiting.empty()) look(topic);
  on_state();
}

void redis_broker::impl::look(const std::string& topic) {
  redis::script_call call{look_script};
  set_topic_keys(call, topic);
  set_look_arguments(call, topic);
  run(call, [this, topic](const result<reply>& r) {
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
      s.retained = std::make_shared<const publication>(topic, s.top, as_bytes(last), o, trace_in((*r)[1].text()));
    it->second.seen = s.top;
    it->second.known.note(s.top, home->now());
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
  const std::string_view place = take_word(payload);
  at.offset = number_of(place);
  if (at.epoch == 0 || at.offset == 0) { // the script never says that
    return errors->write(log_level::error, "channel",
                         "topics: what came on the channel of " + topic + " is no message");
  }
  auto& [waiting, seen, own, last, confirmed] = it->second;
  last.note(at, home->now());
  if (at.epoch == own.epoch && at.offset <= own.offset) return;
  if (at.epoch != seen.epoch || at.offset > seen.offset) seen = at;
  listener->on_publication(
      std::make_shared<const publication>(topic, at, as_bytes(payload), options->of(topic), trace_in(place)));
}

/// What this node has published need not wait until it comes back, when it is the next of its topic.
void redis_broker::impl::on_published(const std::string& topic, const position& at, bytes_view data,
                                      std::string_view trace) {
  const auto it = channels.find(topic);
  if (it == channels.end() || !it->second.confirmed) return;
  auto& [waiting, seen, own, last, confirmed] = it->second;
  if (at.epoch != seen.epoch || at.offset != seen.offset + 1) return;
  seen = own = at;
  listener->on_publication(std::make_shared<const publication>(topic, at, data, options->of(topic), trace));
}

void redis_broker::impl::on_node_payload(std::string_view payload) {
  const std::string from{take_word(payload)};
  const std::size_t size = std::min<std::size_t>(number_of(take_word(payload)), payload.size());
  if (size == 0) {
    if (from == node) return probed.reset(); // by probe(), or by this node's own beat: it is heard
    return beat_soon();                      // by the beat of another: nodes have come or gone
  }
  if (cluster != nullptr) cluster->heard(from, std::string{payload.substr(0, size)}, as_bytes(payload.substr(size)));
}

// --- From time to time

bool redis_broker::impl::is_listed() const {
  return !stopped && commands && commands->is_up() && feed->is_up() && feed->is_subscribed(key("node:", node));
}

void redis_broker::impl::on_tried(const result<std::vector<node_info>>& r) {
  has_tried = true;
  for (const auto& waiting : std::exchange(early, {})) waiting(r);
}

/// Many that come at the same time are looked at once.
void redis_broker::impl::beat_soon() {
  const auto at = home->now() + std::chrono::milliseconds{10};
  if (!stopped && (!beating.is_set() || beating.due() > at)) home->set_timer(beating, at);
}

void redis_broker::impl::beat(answer<std::vector<node_info>> then) {
  if (stopped) return;
  home->set_timer(beating, home->now() + options->heartbeat);
  if (!commands->is_up()) return;
  probe();
  run(beat_call(false), [this, then = std::move(then)](const result<reply>& r) {
    if (r) on_beat(*r);
    const auto found = r ? result<std::vector<node_info>>{nodes} : result<std::vector<node_info>>{r.error()};
    if (then) then(found);
    on_tried(found);
  });
}

redis::script_call<beat_names> redis_broker::impl::beat_call(bool leaves) const {
  redis::script_call call{beat_script};
  call.set("nodes", settings.prefix, "nodes");
  set_append_arguments(call, presence_topic({}));
  call.set("channels", channel_of({}));
  call.set("event", event_head("leave"));
  call.set("me", node);
  call.set("lease", count_of(options->node_lease));
  call.set("prefix", settings.prefix);
  call.set("leaves", leaves);
  call.set("name", options->node_name);
  return call;
}

void redis_broker::impl::on_beat(const reply_view& r) {
  std::vector<node_info> now;
  for (std::size_t i = 1; i < r.size(); ++i) {
    std::string_view text = r[i].text();
    const std::string id{take_word(text)};
    now.push_back({id, std::string{text}});
  }
  std::sort(now.begin(), now.end(), [](const node_info& a, const node_info& b) { return a.id < b.id; });
  if (r[0].integer() == 0 && up)
    listener->on_presence_lost(); // another node took this one for dead, or Redis was wiped
  if (now == nodes) return;
  nodes = now;
  if (cluster != nullptr) cluster->found(now);
}

/// Says something to this node itself, to see that the two connections lead to one Redis, or to such that repeat each other: after a failover
/// one of them may be left at a server that is cut off, and stays silent.
void redis_broker::impl::probe() {
  if (!feed->is_up()) return;
  if (probed && home->now() - *probed > settings.server.liveness)
    return feed->reconnect("what is published is not heard there");
  if (probed) return;
  probed = home->now();
  commands->command({"PUBLISH", key("node:", node), node + " 0 "}, {}, redis::is_number);
}

/// A part of the topics each time, so that each has its turn once in check_interval.
void redis_broker::impl::check_next() {
  if (stopped) return;
  if (!up) {
    if (commands->is_up() && !checked) on_commands_up();
    return on_state();
  }
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
  std::vector<std::string> all;
  for (const auto& [topic, c] : channels) all.push_back(topic);
  unheard.add_topics(all);
  std::vector<std::vector<std::string>> parts(1);
  for (std::string& topic : all) {
    if (parts.back().size() == most) parts.emplace_back();
    parts.back().push_back(std::move(topic));
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
  if (topics.empty()) return done(true);
  redis::script_call call{check_script};
  for (const std::string& t : topics) {
    auto one = call.add();
    set_topic_keys(one, t);
    set_look_arguments(one, t);
    one.set("makes", channels.count(t) != 0); // else it is only looked at, and not kept from being forgotten
  }
  run(call, [this, topics = std::move(topics), done](const result<reply>& r) {
    if (!r) return done(false);
    if (r->size() != 2 * topics.size()) {
      commands->fail("a reply of the wrong shape");
      return done(false);
    }
    for (std::size_t i = 0; i < topics.size(); ++i) {
      const position top = position_of(*r, 2 * i);
      note(topics[i], top);
      const auto it = channels.find(topics[i]);
      if (it == channels.end() || top.epoch == 0) continue;
      if (top.epoch != it->second.seen.epoch) it->second.seen = top;
      listener->on_position(topics[i], top);
    }
    done(true);
  });
}

} // namespace swill
