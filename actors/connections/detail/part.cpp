#include "actors/connections/detail/part.hpp"

#include "actors/connections/detail/claim.hpp"
#include "actors/connections/detail/registry.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <functional>

namespace swill::detail {

namespace {

/// Text of the client's or the application's, as it may travel: one connection's must not keep a whole list from being sent.
std::string shown(std::string_view s) {
  constexpr std::size_t most = 256;
  return make_valid_utf8(cut_text(s, most));
}

std::uint64_t hash_of(std::string_view id) noexcept { return std::hash<std::string_view>{}(id); }

/// About what it takes on the wire.
std::size_t size_of(const connection_entry& e) noexcept {
  std::size_t n = 320 + e.id.size() + e.user.size() + e.remote_address.size() + e.path.size() + e.subprotocol.size();
  for (const std::string& t : e.topics) n += t.size() + 3;
  return n;
}

connection_event event_of(connection_event_kind kind, const registry_part::settings& s,
                          const actors::connection_actor& c) {
  connection_event e;
  e.event = kind;
  e.node = s.node;
  e.node_name = s.node_name;
  e.id = c.facts().id();
  e.user = shown(c.facts().user());
  e.remote_address = shown(c.facts().remote_address());
  return e;
}

} // namespace

registry_part::registry_part(caf::actor_config& config, actors::unit& home, settings s)
    : loop_actor(config, home), settings_(std::move(s)) {
  home.watchers.push_back(this);
}

void registry_part::on_exit() {
  std::erase(home().watchers, static_cast<actors::connection_watcher*>(this));
  settings_.registry = nullptr;
  for (event_queue* q : feeds_) {
    if (q != nullptr) q->on_end = nullptr;
  }
  feeds_.clear();
  seats_.clear();
  clients_.clear();
  successions_.clear();
}

template <class F>
void registry_part::tell(F f) {
  if (settings_.registry) actors::send_function<registry>(settings_.registry, std::move(f));
}

void registry_part::tell_event(connection_event e) {
  tell([e = std::make_shared<const connection_event>(std::move(e))](registry& r) { r.on_own_event(e); });
}

// --- Who comes and goes

void registry_part::on_connected(actors::connection_actor& c) {
  seats_.push_back({c.number, hash_of(c.facts().id()), &c});
  constexpr std::size_t most_of_one_client = 64; // each further connection of that client looks at all of them
  const auto claim = claim_of(c.facts());
  if (claim && clients_.count(hash_of(claim->id)) < most_of_one_client) clients_.emplace(hash_of(claim->id), &c);
  tell_event(event_of(connection_event_kind::connected, settings_, c));
}

void registry_part::on_disconnected(actors::connection_actor& c, const close_reason& why) {
  const auto at = std::lower_bound(seats_.begin(), seats_.end(), c.number,
                                   [](const seat& s, std::uint64_t n) { return s.number < n; });
  if (at == seats_.end() || at->who != &c) return;
  at->who = nullptr;
  ++gone_;
  tidy();
  connection_event e = event_of(connection_event_kind::disconnected, settings_, c);
  e.age_ms = c.age().count();
  e.code = why.code;
  e.reason = shown(why.reason);
  e.by_peer = why.by_peer;
  tell_event(std::move(e));
}

void registry_part::on_ended(actors::connection_actor& c) {
  const auto claim = claim_of(c.facts());
  if (!claim) return;
  const auto [first, end] = clients_.equal_range(hash_of(claim->id));
  const auto at = std::find_if(first, end, [&](const auto& known) { return known.second == &c; });
  if (at != end) clients_.erase(at);
  for (succession& s : successions_) {
    std::erase(s.left, &c);
    if (s.left.empty()) reply(std::move(s.answer));
  }
  std::erase_if(successions_, [](const succession& s) { return s.left.empty(); });
}

void registry_part::tidy() {
  if (gone_ < 32 || gone_ * 2 < seats_.size()) return;
  std::erase_if(seats_, [](const seat& s) { return s.who == nullptr; });
  gone_ = 0;
  if (seats_.size() * 4 < seats_.capacity()) seats_.shrink_to_fit();
}

// --- Questions

void registry_part::work_on(const part_order& o) {
  part_reply r;
  r.job = o.job;
  if (o.what->what == question_kinds::succeed) return succeed(*o.what, std::move(r));
  if (o.what->is_about_one()) {
    find(*o.what, r);
    r.finished = true;
  } else {
    look_at_some(o, r);
  }
  reply(std::move(r));
}

void registry_part::reply(part_reply r) {
  tell([r = std::move(r)](registry& asker) mutable { asker.on_part_reply(r); });
}

void registry_part::look_at_some(const part_order& o, part_reply& r) {
  auto at = std::upper_bound(seats_.begin(), seats_.end(), o.behind,
                             [](std::uint64_t n, const seat& s) { return n < s.number; });
  r.looked_at = o.behind;
  for (std::size_t n = 0; at != seats_.end() && n < settings_.options->looked_at_per_turn && !r.full; ++at, ++n) {
    if (at->who != nullptr && fits(*at->who, o.what->filter)) take(o, *at, r);
    if (!r.full) r.looked_at = at->number;
  }
  r.finished = !r.full && at == seats_.end();
}

bool registry_part::fits(const actors::connection_actor& c, const connection_filter& f) {
  if (!f.user.empty() && c.facts().user() != f.user) return false;
  if (!c.facts().remote_address().starts_with(f.remote_address)) return false;
  if (f.least_age_ms > 0 && c.age().count() < f.least_age_ms) return false;
  if (f.session.empty() && f.topic.empty()) return true;
  const connection_notes notes = c.notes();
  if (!f.session.empty() && notes.session != f.session) return false;
  return f.topic.empty() || std::find(notes.topics.begin(), notes.topics.end(), f.topic) != notes.topics.end();
}

void registry_part::take(const part_order& o, const seat& s, part_reply& r) {
  const question& q = *o.what;
  if (q.what == question_kinds::list) {
    connection_entry e = entry_of(*s.who);
    const std::size_t size = r.size + size_of(e);
    const bool must = o.is_first && r.found.entries.empty();
    r.full = r.found.entries.size() >= o.room || (size > o.size && !must);
    if (r.full) return;
    r.size = size;
    r.found.places.push_back({0, s.number});
    r.found.entries.push_back(std::move(e));
  } else if (q.what == question_kinds::close_all) {
    s.who->close(static_cast<int>(q.code), q.reason);
  }
  ++r.found.count;
}

void registry_part::find(const question& q, part_reply& r) {
  const std::uint64_t hash = hash_of(q.id);
  const auto at = std::find_if(seats_.begin(), seats_.end(), [&](const seat& s) {
    return s.id_hash == hash && s.who != nullptr && s.who->facts().id() == q.id;
  });
  if (at == seats_.end()) return;
  r.found.count = 1;
  if (q.what == question_kinds::close) return at->who->close(static_cast<int>(q.code), q.reason);
  if (q.what == question_kinds::cancel) {
    if (const auto was = at->who->cancel(q.seq, q.reason))
      r.found.open.push_back({shown(was->rpc), was->seq, was->age_ms, false});
    return;
  }
  r.found.entries.push_back(entry_of(*at->who));
  for (const actors::request_info& i : at->who->requests()) {
    if (r.found.open.size() >= settings_.options->requests_listed) break;
    r.found.open.push_back({shown(i.rpc), i.seq, i.age_ms, i.answered});
  }
}

/// Ends the earlier connections of a client that has another now, and answers when nothing of them is left. A client whose user is known ends
/// none of somebody else.
void registry_part::succeed(const question& q, part_reply r) {
  r.finished = true;
  succession s;
  const auto [first, end] = clients_.equal_range(hash_of(q.id));
  for (auto at = first; at != end; ++at) {
    actors::connection_actor& c = *at->second;
    const auto claim = claim_of(c.facts());
    const std::string& user = c.facts().user();
    const bool is_its = user == q.filter.user || user.empty() || q.filter.user.empty();
    if (claim->id != q.id || claim->number >= q.seq || !is_its) continue;
    s.left.push_back(&c);
    c.close_at_once(1008, "its client has another connection"); // ends it in a later turn
  }
  r.found.count = s.left.size();
  if (s.left.empty() || successions_.size() >= settings_.options->questions_of_others) return reply(std::move(r));
  s.answer = std::move(r);
  successions_.push_back(std::move(s));
}

connection_entry registry_part::entry_of(const actors::connection_actor& c) const {
  connection_entry e;
  static_cast<actors::listed_connection&>(e) = c.info();
  e.node = settings_.node;
  e.node_name = settings_.node_name;
  for (std::string* text : {&e.user, &e.remote_address, &e.path, &e.subprotocol}) *text = shown(*text);
  e.topic_count = e.topics.size();
  e.topics.resize(std::min(e.topics.size(), settings_.options->topics_listed));
  for (std::string& t : e.topics) {
    if (!valid_utf8(t)) t = shown(t);
  }
  return e;
}

// --- Feeds

void registry_part::add(event_queue& q) {
  feeds_.push_back(&q);
  q.on_end = [this](event_queue& ended) {
    const auto at = std::find(feeds_.begin(), feeds_.end(), &ended);
    if (handing_out_) {
      *at = nullptr;
    } else {
      feeds_.erase(at);
    }
    tell([](registry& r) { r.remove_watcher(); });
  };
}

void registry_part::hand_out(const connection_event& e) {
  handing_out_ = true;
  for (std::size_t i = 0; i < feeds_.size(); ++i) { // a feed that wakes may end, or another begin
    if (feeds_[i] != nullptr) feeds_[i]->push(e);
  }
  handing_out_ = false;
  std::erase(feeds_, nullptr);
}

} // namespace swill::detail
