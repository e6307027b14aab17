#include "actors/connections/detail/registry.hpp"

#include "actors/connections/detail/part.hpp"

#include <algorithm>

// Events: of this node's connections to its watchers and to other nodes, and from those.

namespace swill::detail {

void registry::on_own_event(const event_ptr& e) {
  ++event_count_;
  if (watchers_ != 0) distribute(e);
  drop_stale_interest();
  if (interested_.empty()) return;
  outbox_.push_back(e);
  if (outbox_.size() > settings_.options->events_kept) outbox_.pop_front(); // their numbers tell what is missing
  if (outbox_.size() >= settings_.options->events_at_once) return send_events();
  if (!sending_.is_set()) home().loop().set_timer(sending_, home().loop().now() + settings_.options->event_delay);
}

void registry::drop_stale_interest() {
  if (interested_.empty()) return;
  std::erase_if(interested_, [now = home().loop().now()](const auto& i) { return i.second <= now; });
  if (interested_.empty()) outbox_.clear();
}

void registry::send_events() {
  sending_.cancel();
  while (!outbox_.empty()) {
    event_batch b;
    b.first = event_count_ - outbox_.size();
    for (std::size_t n = settings_.options->events_at_once; n != 0 && !outbox_.empty(); --n) {
      b.events.push_back(*outbox_.front());
      outbox_.pop_front();
    }
    for (const auto& [node, until] : interested_) send(node, events_kind, b);
  }
}

void registry::on_events(const std::string& from, bytes_view data) {
  if (watchers_ == 0 || !is_alive()) return;
  auto b = read<event_batch>(data, "batch of events");
  if (!b || b->events.empty()) return;
  if (const auto known = expected_.find(from); known != expected_.end() && b->first > known->second)
    b->events.front().missed += b->first - known->second;
  expected_[from] = b->first + b->events.size();
  for (connection_event& e : b->events) {
    e.node = from;
    e.node_name = name_of(from);
    distribute(std::make_shared<const connection_event>(std::move(e)));
  }
}

/// To all who watch on this node.
void registry::distribute(const event_ptr& e) {
  if (watchers_ > listeners_.size()) {
    for (const auto& p : parts_)
      actors::send_function<registry_part>(p, [e](registry_part& part) { part.hand_out(*e); });
  }
  const auto calls = listeners_; // one that is called may end, or begin another
  for (const listener& l : calls) {
    if (!l.filter.fits(*e)) continue;
    try {
      l.call(*e);
    } catch (...) {
      errors_.write("watcher", {.level = log_level::error},
                    log_limiter::of_exception("a watcher of connections: ", std::current_exception()));
    }
  }
}

void registry::distribute_node(connection_event_kind kind, const std::string& node) {
  if (watchers_ == 0) return;
  connection_event e;
  e.event = kind;
  e.node = node;
  e.node_name = name_of(node);
  distribute(std::make_shared<const connection_event>(std::move(e)));
}

// --- Who watches here

std::vector<std::string> registry::other_nodes() const {
  std::vector<std::string> others = nodes_;
  std::erase(others, settings_.cluster->id());
  return others;
}

void registry::add_watcher(std::function<void(result<void>)> done) {
  ++watchers_;
  if (watchers_ > settings_.options->watchers)
    return done(errors::too_many("too many watch the connections of this node", std::chrono::seconds{1}));
  if (!renewing_.is_set()) home().loop().set_timer(renewing_, home().loop().now() + settings_.options->watch_lease / 3);
  watch_nodes(other_nodes(), [done] { done({}); });
}

void registry::remove_watcher() {
  if (watchers_ == 0 || --watchers_ != 0) return;
  renewing_.cancel();
  expected_.clear();
}

void registry::add_listener(listener l) {
  const auto key = l.key;
  listeners_.push_back(std::move(l));
  add_watcher([this, key](const result<void>& r) {
    if (r) return;
    errors_.write(log_level::error, "listen", r.error().message);
    remove_listener(key);
  });
}

void registry::remove_listener(std::uint64_t key) {
  if (std::erase_if(listeners_, [key](const listener& l) { return l.key == key; }) != 0) remove_watcher();
}

/// Asks nodes for their events, once more before they forget it.
void registry::renew() {
  home().loop().set_timer(renewing_, home().loop().now() + settings_.options->watch_lease / 3);
  watch_nodes(other_nodes(), [] {});
}

void registry::watch_nodes(const std::vector<std::string>& nodes, std::function<void()> done) {
  if (nodes.empty()) return done();
  question q;
  q.what = question_kinds::watch;
  gather(std::move(q), nodes, [this, done = std::move(done)](const result<gathered>& r) {
    if (r && watchers_ != 0) {
      for (const auto& [node, a] : r->answers) expected_.emplace(node, a.count);
    }
    done();
  });
}

} // namespace swill::detail
