#include "actors/workers/handler_table.hpp"

#include <algorithm>

namespace swill::actors::workers {

void handler_table::open() {
  unit_.dynamic.push_back(this);
  unit_.watchers.push_back(this);
}

void handler_table::close() {
  std::erase(unit_.dynamic, this);
  std::erase(unit_.watchers, static_cast<connection_watcher*>(this));
}

void handler_table::on_disconnected(connection_actor& c, const close_reason& why) {
  if (c.facts().find_state<images>() != nullptr) c.facts().state<images>().end(why);
}

gateway_lane* handler_table::lane_of(std::uint64_t worker) noexcept {
  const auto it = lanes_.find(worker);
  return it == lanes_.end() ? nullptr : &as<gateway_lane>(it->second);
}

void handler_table::add_name(std::uint64_t worker, std::shared_ptr<const announced_handler> h) {
  gateway_lane* l = lane_of(worker);
  if (l == nullptr || !l->is_alive()) return;
  auto& slot = handlers_[h->name];
  if (!slot) order_.push_back(h->name);
  // What others announced under this name has gone, or is the same; calls that still run keep theirs.
  if (!slot || !slot->has_workers() || !slot->what()->same_types(*h))
    slot = std::make_shared<remote_handler>(std::move(h), app_->hooks, options_);
  slot->add(*l);
}

void handler_table::remove_worker(std::uint64_t worker) {
  const auto it = lanes_.find(worker);
  if (it == lanes_.end()) return;
  const caf::strong_actor_ptr keep = std::move(it->second);
  lanes_.erase(it);
  gateway_lane& l = as<gateway_lane>(keep);
  for (auto& [name, h] : handlers_) {
    const bool had = h->has_workers();
    h->remove(l);
    if (had && !h->has_workers()) h->gone_since = unit_.loop().now();
  }
  forget_old();
  l.end();
}

void handler_table::remove_all() {
  while (!lanes_.empty()) remove_worker(lanes_.begin()->first);
  handlers_.clear();
  order_.clear();
}

void handler_table::forget_old() {
  std::vector<std::pair<clock_time, std::string_view>> gone;
  for (const auto& [name, h] : handlers_) {
    if (!h->has_workers()) gone.emplace_back(h->gone_since, name);
  }
  std::sort(gone.begin(), gone.end());
  const clock_time oldest = unit_.loop().now() - options_.remember;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (gone.size() - i <= options_.remembered_names && gone[i].first > oldest) break;
    const std::string name{gone[i].second};
    std::erase(order_, name);
    handlers_.erase(name);
  }
}

const detail::handler* handler_table::find(std::string_view name) noexcept {
  const auto it = handlers_.find(name);
  if (it == handlers_.end()) return nullptr;
  const remote_handler& h = *it->second;
  if (!h.has_workers() && unit_.loop().now() - h.gone_since >= options_.remember) return nullptr;
  return &h;
}

std::vector<std::shared_ptr<const detail::handler>> handler_table::all() const {
  std::vector<std::shared_ptr<const detail::handler>> out;
  for (const std::string& name : order_) {
    const auto it = handlers_.find(name);
    if (it != handlers_.end() && it->second->has_workers()) out.push_back(it->second);
  }
  return out;
}

} // namespace swill::actors::workers
