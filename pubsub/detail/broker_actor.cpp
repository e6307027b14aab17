#include "pubsub/detail/broker_actor.hpp"

#include <algorithm>

namespace swill::detail {

namespace {
/// Messages of one topic that are kept while missing ones are fetched; those that come after are fetched, too.
constexpr std::size_t most_held = 1024;
/// Members who have left while the broker was away and are taken out when it is back. Beyond that they stay listed until this node ends.
constexpr std::size_t most_to_leave = 100'000;
} // namespace

broker_actor::broker_actor(caf::actor_config& config, actors::unit& home, settings s)
    : loop_actor(config, home), settings_(std::move(s)) {}

void broker_actor::start(std::vector<caf::strong_actor_ptr> hubs) {
  hubs_ = std::move(hubs);
  for (const caf::strong_actor_ptr& h : hubs_) {
    auto* const each = static_cast<hub*>(h->get());
    if (&each->home() == &home()) local_hub_ = each;
  }
  settings_.broker->start(home().loop(), *this, *settings_.options, settings_.node, settings_.log);
}

void broker_actor::stop(std::function<void()> done) {
  hubs_.clear();
  local_hub_ = nullptr;
  settings_.broker->stop([this, self = caf::strong_actor_ptr{ctrl()}, done = std::move(done)] {
    quit();
    topics_.clear();
    present_.clear();
    done();
  });
}

template <class F>
void broker_actor::with_topic(const std::string& name, std::uint64_t id, F f) {
  const auto it = topics_.find(name);
  if (it != topics_.end() && it->second->id == id) f(*it->second);
}

// --- Who listens

void broker_actor::join(join_order o) {
  auto it = topics_.find(o.topic);
  if (it == topics_.end()) {
    if (topics_.size() >= settings_.options->topic_count) return reply(o, errors::unavailable("too many topics"));
    it = topics_.emplace(o.topic, std::make_unique<topic>()).first;
    topic& t = *it->second;
    t.id = ++last_id_;
    t.name = o.topic;
    t.units.push_back(o.unit);
    t.waiting.push_back(std::move(o));
    topic_count_ = topics_.size();
    settings_.broker->subscribe(t.name, [this, name = t.name, id = t.id](result<broker::topic_state> r) {
      with_topic(name, id, [&](topic& same) { on_subscribed(same, std::move(r)); });
    });
    return;
  }
  topic& t = *it->second;
  if (std::find(t.units.begin(), t.units.end(), o.unit) == t.units.end()) t.units.push_back(o.unit);
  if (t.at == stage::joining) {
    t.waiting.push_back(std::move(o));
  } else {
    serve(t, o);
  }
}

void broker_actor::on_subscribed(topic& t, result<broker::topic_state> r) {
  const auto waiting = std::exchange(t.waiting, {});
  if (!r) {
    for (const join_order& o : waiting) reply(o, r.error());
    return forget(t);
  }
  t.cursor = r->top;
  t.fresh = r->top.offset == 0;
  t.last = std::move(r->retained);
  t.at = stage::live;
  const auto [name, id] = std::pair{t.name, t.id};
  release_held(t);
  for (const join_order& o : waiting) {
    with_topic(name, id, [&](topic& same) { serve(same, o); });
  }
}

void broker_actor::leave(std::uint32_t unit, const std::string& name) {
  const auto it = topics_.find(name);
  if (it == topics_.end()) return;
  topic& t = *it->second;
  std::erase(t.units, unit);
  if (t.units.empty()) forget(t);
}

void broker_actor::forget(topic& t) {
  const std::string name = std::move(t.name);
  topics_.erase(name);
  if (topics_.size() * 8 < topics_.bucket_count()) topics_.rehash(0);
  topic_count_ = topics_.size();
  settings_.broker->unsubscribe(name); // last: it may tell this actor something
}

void broker_actor::serve(topic& t, const join_order& o) {
  if (o.since && *o.since != t.cursor) return read_page(t, o);
  joined j{t.cursor};
  j.fresh = std::exchange(t.fresh, false);
  if (!o.since && t.last && t.last->at() == t.cursor) {
    --j.at.offset;
    j.missed.push_back(t.last);
  }
  reply(o, std::move(j));
}

/// Reads what history has after o.since, a page. What comes meanwhile the hub keeps for the one who waits; for more he asks again.
void broker_actor::read_page(topic& t, const join_order& o) {
  settings_.broker->history(o.topic, *o.since, settings_.options->history_page,
                            [this, o, id = t.id](result<broker::history_page> page) {
                              if (page) return on_page(o, id, std::move(*page));
                              const bool passes = page.error().is(error_code::unavailable);
                              if (!o.again || !passes) return reply(o, page.error());
                              with_topic(o.topic, id, [&](topic& same) { same.behind.push_back(o); });
                            });
}

void broker_actor::on_page(const join_order& o, std::uint64_t topic_id, broker::history_page page) {
  const position& from = *o.since;
  const position top = page.top;
  const bool same = from.epoch == top.epoch && from.offset <= top.offset;
  const bool unbroken =
      same && (page.items.empty() ? from.offset == top.offset : page.items.front()->at().offset == from.offset + 1);
  joined j{from, unbroken, std::move(page.items), page.more};
  with_topic(o.topic, topic_id, [&j](topic& t) { j.fresh = std::exchange(t.fresh, false); });
  // Lost, or forgotten before this was read: what is there from now on counts.
  if (!unbroken) j.at = {top.epoch, j.missed.empty() ? top.offset : j.missed.front()->at().offset - 1};
  reply(o, std::move(j));
  with_topic(o.topic, topic_id, [&](topic& t) {
    if (t.at == stage::live && t.cursor.epoch != top.epoch) recover(t); // its messages would be of no known epoch
  });
}

void broker_actor::serve_behind(topic& t) {
  for (const join_order& o : std::exchange(t.behind, {})) read_page(t, o);
}

void broker_actor::reply(const join_order& o, result<joined> how) {
  if (o.unit >= hubs_.size()) return;
  actors::send_function<hub>(
      hubs_[o.unit], [token = o.token, how = std::move(how)](hub& h) mutable { h.on_joined(token, std::move(how)); });
}

// --- What they get

void broker_actor::on_publication(const publication_ptr& p) {
  const auto it = topics_.find(p->topic());
  if (it == topics_.end()) return;
  topic& t = *it->second;
  if (p->at().epoch == t.old_epoch) return;
  if (t.at != stage::live) return hold(t, p);
  if (p->at().epoch == t.cursor.epoch) {
    if (p->at().offset <= t.cursor.offset) return;
    if (p->at().offset == t.cursor.offset + 1) return fan_out(t, p);
  }
  hold(t, p);
  recover(t);
}

void broker_actor::fan_out(topic& t, const publication_ptr& p) {
  t.cursor = p->at();
  if (settings_.options->of(t.name).retain_last && !p->is_notice()) t.last = p;
  for (const std::uint32_t unit : t.units) {
    if (unit >= hubs_.size()) continue;
    // On this thread a call: mail would come after the answer to whoever has published.
    if (local_hub_ != nullptr && hubs_[unit]->get() == local_hub_) {
      local_hub_->deliver(p);
    } else {
      actors::send_function<hub>(hubs_[unit], [p](hub& h) { h.deliver(p); });
    }
  }
}

void broker_actor::hold(topic& t, const publication_ptr& p) {
  if (t.held.size() < most_held) t.held.push_back(p);
}

void broker_actor::recover(topic& t) {
  t.at = stage::recovering;
  settings_.broker->history(t.name, t.cursor, settings_.options->history_page,
                            [this, name = t.name, id = t.id](result<broker::history_page> page) {
                              with_topic(name, id, [&](topic& same) {
                                if (page) return on_recovered(same, *page);
                                same.at = stage::live; // on_up, or the next message, tries again
                                same.held.clear();
                              });
                            });
}

void broker_actor::on_recovered(topic& t, const broker::history_page& page) {
  // The first that there is after the cursor, read or held.
  std::uint64_t first = page.top.offset + 1;
  if (!page.items.empty()) {
    first = page.items.front()->at().offset;
  } else if (const auto h = std::find_if(t.held.begin(), t.held.end(),
                                         [&](const auto& p) {
                                           return p->at().epoch == page.top.epoch &&
                                                  (p->at().epoch != t.cursor.epoch || p->at().offset > t.cursor.offset);
                                         });
             h != t.held.end()) {
    first = std::min(first, (*h)->at().offset);
  }
  const bool new_epoch = page.top.epoch != t.cursor.epoch;
  if (new_epoch) t.old_epoch = t.cursor.epoch;
  if (new_epoch || first > t.cursor.offset + 1)
    fan_out(t, std::make_shared<const publication>(t.name, position{page.top.epoch, first - 1}));
  for (const publication_ptr& p : page.items) fan_out(t, p);
  if (page.more) return recover(t);
  t.at = stage::live;
  release_held(t);
}

void broker_actor::release_held(topic& t) {
  const auto held = std::exchange(t.held, {});
  for (const publication_ptr& p : held) on_publication(p); // may recover again, and then holds
}

void broker_actor::recover_all() {
  for (auto& [name, t] : topics_) {
    if (t->at == stage::joining) continue;
    serve_behind(*t);
    recover(*t);
  }
}

void broker_actor::on_position(const std::string& name, const position& top) {
  const auto it = topics_.find(name);
  if (it == topics_.end() || it->second->at != stage::live) return;
  topic& t = *it->second;
  serve_behind(t);
  const bool behind = top.epoch != t.cursor.epoch || top.offset > t.cursor.offset;
  // Once may mean that the messages are still under way.
  if (behind && t.seen_behind == t.cursor) return recover(t);
  t.seen_behind = behind ? t.cursor : position{};
}

void broker_actor::on_down() {
  up_ = false;
  logger{settings_.log, log_room::pubsub}.write(log_level::debug,
                                                "topics: the broker cannot be reached"); // it has said so, and why
}

void broker_actor::on_up() {
  if (!up_.exchange(true))
    logger{settings_.log, log_room::pubsub}.write(log_level::debug, "topics: the broker can be reached again");
  recover_all();
  for (const auto& [topic, id] : std::exchange(to_leave_, {})) {
    if (present_.count({topic, id}) == 0) take_out(topic, id, [](const result<void>&) {});
  }
}

// --- Presence

void broker_actor::enter(const std::string& topic, const presence_member& who, broker::answer<void> done) {
  local_member& m = present_[{topic, who.id}];
  ++m.count;
  if (m.count > 1 && m.who == who) return done({});
  m.who = who;
  settings_.broker->enter(topic, who, [this, key = std::pair{topic, who.id}, done = std::move(done)](result<void> r) {
    // One that the broker has no room for is not entered again when the broker is back.
    if (!r && r.error().is(error_code::too_many_requests)) present_.erase(key);
    done(std::move(r));
  });
}

void broker_actor::exit(const std::string& topic, const std::string& id, broker::answer<void> done) {
  const auto it = present_.find({topic, id});
  if (it == present_.end() || --it->second.count != 0) return done({});
  present_.erase(it);
  take_out(topic, id, std::move(done));
}

void broker_actor::take_out(const std::string& topic, const std::string& id, broker::answer<void> done) {
  settings_.broker->leave(topic, id, [this, key = std::pair{topic, id}, done = std::move(done)](result<void> r) {
    // This node lives on, so nobody else would ever take it out.
    if (!r && to_leave_.size() < most_to_leave) to_leave_.insert(key);
    done(std::move(r));
  });
}

void broker_actor::on_presence_lost() {
  for (const auto& [key, m] : present_) settings_.broker->enter(key.first, m.who, [](const result<void>&) {});
}

} // namespace swill::detail
