#include "actors/handles.hpp"

#include "actors/connection_actor.hpp"
#include "actors/request_actor.hpp"
#include "actors/runtime.hpp"
#include "actors/spawned.hpp"

namespace swill {

namespace {
constexpr caf::atom_value end_category = caf::atom("swillend");
} // namespace

std::optional<close_reason> close_reason_of(const caf::error& reason) {
  if (reason.category() != end_category || !reason.context().match_elements<int, std::string, bool>())
    return std::nullopt;
  const caf::message& said = reason.context();
  return close_reason{said.get_as<int>(0), said.get_as<std::string>(1), said.get_as<bool>(2)};
}

request_id context::id() const { return static_cast<actors::request_call&>(*call_).id(); }

namespace actors {

caf::error end_of_connection(const close_reason& why) {
  return {1, end_category, caf::make_message(why.code, why.reason, why.by_peer)};
}

caf::strong_actor_ptr actor_of_request(const context& c) {
  const auto& call = static_cast<const request_call&>(c.call());
  return call.connection->home().known.actor_of(call);
}

caf::strong_actor_ptr actor_of_connection(const connection& c) {
  auto* a = static_cast<loop_actor*>(c.native_actor());
  return a != nullptr ? caf::strong_actor_ptr{a->ctrl()} : nullptr;
}

namespace {

template <class Id>
caf::strong_actor_ptr find_in(caf::actor_system& system, const Id& id) {
  const auto* ours = dynamic_cast<scheduler*>(&system.scheduler());
  if (ours == nullptr) return nullptr;
  for (const auto& u : ours->units()) {
    if (caf::strong_actor_ptr found = u->known.find(id)) return found;
  }
  return nullptr;
}

} // namespace

caf::strong_actor_ptr find_actor(caf::actor_system& system, request_id id) { return find_in(system, id); }
caf::strong_actor_ptr find_actor(caf::actor_system& system, std::string_view id) { return find_in(system, id); }
caf::actor_system& system_of(runtime& r) noexcept { return r.system(); }

} // namespace actors

caf::actor find_handler_actor(caf::actor_system& system, std::string_view handler) {
  const auto* ours = dynamic_cast<actors::scheduler*>(&system.scheduler());
  if (ours == nullptr) return {};
  for (const auto& h : ours->units().front()->server->app().handlers()) {
    auto* const made = h->name == handler ? dynamic_cast<actors::roster*>(h->backend.get()) : nullptr;
    if (made != nullptr) return caf::actor_cast<caf::actor>(made->only_actor());
  }
  return {};
}
} // namespace swill
