#include "actors/directory.hpp"

#include "actors/connection_actor.hpp"

#include <atomic>

namespace swill::actors {

namespace {

request_id next_request_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return {last.fetch_add(1, std::memory_order_relaxed) + 1};
}

} // namespace

request_identity::request_identity() : id(next_request_id()) {}
request_identity::~request_identity() {
  if (listed_in != nullptr) listed_in->remove(*this);
}

void directory::add(connection_actor& c) {
  const std::lock_guard lock{mutex_};
  connections_.emplace(c.facts().id(), &c);
}

void directory::remove(const connection_actor& c) {
  const std::lock_guard lock{mutex_};
  const auto it = connections_.find(c.facts().id());
  if (it != connections_.end() && it->second == &c) connections_.erase(it);
}

void directory::add(request_identity& i, const request_call& r) {
  const std::lock_guard lock{mutex_};
  if (i.listed_in != nullptr || r.actor == nullptr) return;
  i.listed_in = this;
  requests_.emplace(i.id, caf::strong_actor_ptr{r.actor->ctrl()});
}

void directory::remove(const request_identity& i) {
  caf::strong_actor_ptr out; // not released under the lock
  const std::lock_guard lock{mutex_};
  const auto it = requests_.find(i.id);
  out = std::move(it->second);
  requests_.erase(it);
}

caf::strong_actor_ptr directory::actor_of(const request_call& r) const {
  const std::lock_guard lock{mutex_};
  return r.actor != nullptr ? caf::strong_actor_ptr{r.actor->ctrl()} : nullptr;
}

void directory::forget_actor(request_call& r) {
  const std::lock_guard lock{mutex_};
  r.actor = nullptr;
}

caf::strong_actor_ptr directory::find(std::string_view connection) const {
  const std::lock_guard lock{mutex_};
  const auto it = connections_.find(connection);
  return it == connections_.end() ? nullptr : caf::strong_actor_ptr{it->second->ctrl()};
}

caf::strong_actor_ptr directory::find(request_id id) const {
  const std::lock_guard lock{mutex_};
  const auto it = requests_.find(id);
  return it == requests_.end() ? nullptr : it->second;
}

} // namespace swill::actors
