#include "actors/connections/detail/registry.hpp"

#include "libswill/base/utf8.hpp"

#include <algorithm>

namespace swill::detail {

registry::registry(caf::actor_config& config, actors::unit& home, settings s)
    : loop_actor(config, home),
      settings_(std::move(s)),
      errors_(home.loop(), settings_.log, log_room::connections),
      nodes_{settings_.cluster->id()},
      names_{{settings_.cluster->id(), settings_.cluster->name()}} {}

void registry::start(std::vector<caf::strong_actor_ptr> parts) {
  parts_ = std::move(parts);
  settings_.cluster->nodes_then([this, self = caf::strong_actor_ptr{ctrl()}](const result<std::vector<node_info>>& r) {
    if (r && is_alive() && !knows_nodes_) on_nodes(*r);
  });
}

void registry::stop() {
  const caf::strong_actor_ptr self{ctrl()};
  quit(); // nothing is asked any more
  sending_.cancel();
  renewing_.cancel();
  errors_.stop();
  const auto waiting = std::exchange(gatherings_, {});
  for (const auto& [token, g] : waiting) g->done(errors::unavailable("the server stops"));
  gatherings_.clear();
  jobs_.clear();
  listeners_.clear();
  outbox_.clear();
  parts_.clear();
}

void registry::on_nodes(const std::vector<node_info>& nodes) {
  std::vector<std::string> now{settings_.cluster->id()}; // also when the cluster does not count it just now
  for (const node_info& n : nodes) {
    if (n.id == settings_.cluster->id()) continue;
    now.push_back(n.id);
    if (!n.name.empty()) names_[n.id] = make_valid_utf8(n.name);
  }
  std::sort(now.begin(), now.end());
  const auto before = std::exchange(nodes_, now);
  if (!std::exchange(knows_nodes_, true)) return;
  std::vector<std::string> joined;
  std::vector<std::string> left;
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(joined));
  std::set_difference(before.begin(), before.end(), now.begin(), now.end(), std::back_inserter(left));
  for (const std::string& n : left) {
    expected_.erase(n);
    interested_.erase(n);
    distribute_node(connection_event_kind::node_left, n);
    names_.erase(n);
  }
  for (const std::string& n : joined) distribute_node(connection_event_kind::node_joined, n);
  if (watchers_ != 0 && !joined.empty()) watch_nodes(joined, [] {});
}

} // namespace swill::detail
