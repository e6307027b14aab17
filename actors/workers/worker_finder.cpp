#include "actors/workers/worker_finder.hpp"

#include <algorithm>

namespace swill::actors::workers {

worker_finder::worker_finder(worker_side& w) : worker_(w) {
  for (const std::string& name : w.options.gateways) names_.push_back(std::make_unique<gateway_name>(name));
  thread_ = std::thread{[this] { run(); }};
}

worker_finder::~worker_finder() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
  for (const auto& [address, l] : links_) l->cancel();
  links_.clear(); // each waits for its thread
}

void worker_finder::leave() {
  const std::lock_guard lock{mutex_};
  for (const auto& [address, l] : links_) l->leave();
}

std::string worker_finder::health() {
  if (worker_.leaving) return "no: it is leaving\n";
  const std::lock_guard lock{mutex_};
  std::size_t serving = 0;
  for (const auto& [address, l] : links_) serving += l->is_serving() ? 1 : 0;
  return (serving > 0 ? "ok: " : "no: ") + std::string{"it serves "} + std::to_string(serving) + " of " +
         std::to_string(links_.size()) + " gateways\n";
}

void worker_finder::run() {
  while (true) {
    look_up_due(std::chrono::steady_clock::now());
    if (!wait()) break;
    take_answers();
    const auto addresses = wanted();
    add(addresses);
    remove_all_but(addresses).clear(); // waits for their threads, without the lock
  }
  for (const auto& n : names_) n->look_up.cancel();
}

void worker_finder::look_up_due(clock_time now) {
  for (const auto& n : names_) {
    if (n->is_looked_up || n->next > now) continue;
    n->is_looked_up = true;
    n->look_up.start(n->name, worker_.options.look_up, [this, to = n.get()](answer a) {
      const std::lock_guard lock{mutex_};
      to->found = std::move(a);
      has_answers_ = true;
      changed_.notify_all();
    });
  }
}

/// Until there is an answer, or a name is to be looked up again: false when it is over.
bool worker_finder::wait() {
  auto next = clock_time::max();
  for (const auto& n : names_) {
    if (!n->is_looked_up) next = std::min(next, n->next);
  }
  std::unique_lock lock{mutex_};
  const auto is_changed = [this] { return stopping_ || has_answers_; };
  if (next == clock_time::max()) {
    changed_.wait(lock, is_changed);
  } else {
    changed_.wait_until(lock, next, is_changed);
  }
  return !stopping_;
}

void worker_finder::take_answers() {
  const clock_time now = std::chrono::steady_clock::now();
  const std::lock_guard lock{mutex_};
  has_answers_ = false;
  for (const auto& n : names_) {
    if (!n->found) continue;
    const answer a = *std::exchange(n->found, std::nullopt);
    n->is_looked_up = false;
    n->next = now + worker_.options.look_up_interval;
    if (a) {
      n->addresses = *a;
      n->missing = 0;
    } else if (
        n->addresses
            .empty()) { // else what was known stays: it may be the name server that has gone, and not the gateways
      say_missing(*n, a.error());
    }
  }
}

// Workers start before their gateways as often as after them, so that is no fault yet; half a minute later it is one. Two lines in all.
void worker_finder::say_missing(gateway_name& n, const error& why) const {
  constexpr int too_many = 15; // look_up_interval is 2 s
  ++n.missing;
  if (n.missing == 1) worker_.log(log_level::info, "gateway " + n.name + " has no address yet");
  if (n.missing == too_many)
    worker_.log(log_level::warning, "gateway " + n.name + " still has no address after " + std::to_string(n.missing) +
                                        " look-ups: " + why.message);
}

std::set<std::string> worker_finder::wanted() const {
  std::set<std::string> all;
  for (const auto& n : names_) all.insert(n->addresses.begin(), n->addresses.end());
  return all;
}

void worker_finder::add(const std::set<std::string>& addresses) {
  const std::lock_guard lock{mutex_};
  for (const std::string& a : addresses) {
    if (stopping_ || links_.contains(a)) continue;
    const auto l = links_.emplace(a, std::make_unique<worker_tie>(worker_, a)).first;
    l->second->start();
  }
}

// One that still serves stays: the look-up may have been wrong, and a gateway that is gone breaks its link.
std::vector<worker_finder::link_ptr> worker_finder::remove_all_but(const std::set<std::string>& addresses) {
  std::vector<link_ptr> gone;
  const std::lock_guard lock{mutex_};
  for (auto i = links_.begin(); i != links_.end();) {
    if (addresses.contains(i->first) || i->second->is_linked()) {
      ++i;
      continue;
    }
    worker_.log(log_level::info, "gateway " + i->first + " is no longer there");
    gone.push_back(std::move(i->second));
    i = links_.erase(i);
  }
  return gone;
}

} // namespace swill::actors::workers
