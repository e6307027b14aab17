#include "actors/scheduler.hpp"

#include <algorithm>

namespace swill::actors {

runtime_config::runtime_config(std::vector<swill::loop*> loops, std::size_t workers) : loops_(std::move(loops)) {
  load<scheduler>();
  set("scheduler.max-threads", static_cast<std::uint64_t>(std::max<std::size_t>(workers, 1)));
  set("scheduler.max-throughput", std::uint64_t{256});
}

scheduler::scheduler(caf::actor_system& system) : super(system) {}

caf::actor_system::module* scheduler::make(caf::actor_system& system, caf::detail::type_list<>) {
  return new scheduler(system);
}

void scheduler::start() {
  const auto& config = static_cast<const runtime_config&>(system().config());
  for (swill::loop* l : config.loops()) units_.push_back(std::make_unique<unit>(system(), *l, max_throughput()));
  super::start();
}

void scheduler::stop() {
  super::stop();
  for (auto& u : units_) u->finish();
}

unit* scheduler::own_unit() const noexcept {
  unit* u = unit::current();
  return u != nullptr && &u->system() == &system_ ? u : nullptr;
}

template <class F>
void scheduler::routing_clock::route(F f) {
  if (unit* u = scheduler_.own_unit()) {
    f(static_cast<caf::actor_clock&>(u->clock()));
  } else {
    f(static_cast<caf::actor_clock&>(scheduler_.super::clock()));
  }
}

void scheduler::routing_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                                    std::uint64_t id) {
  route([&](caf::actor_clock& c) { c.set_ordinary_timeout(t, self, type, id); });
}
void scheduler::routing_clock::set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                                 std::uint64_t id) {
  route([&](caf::actor_clock& c) { c.set_multi_timeout(t, self, type, id); });
}
void scheduler::routing_clock::set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) {
  route([&](caf::actor_clock& c) { c.set_request_timeout(t, self, id); });
}
void scheduler::routing_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  route([&](caf::actor_clock& c) { c.cancel_ordinary_timeout(self, type); });
}
void scheduler::routing_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  route([&](caf::actor_clock& c) { c.cancel_request_timeout(self, id); });
}
void scheduler::routing_clock::cancel_timeouts(caf::abstract_actor* self) {
  route([&](caf::actor_clock& c) { c.cancel_timeouts(self); });
}
void scheduler::routing_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                                caf::mailbox_element_ptr content) {
  route([&](caf::actor_clock& c) { c.schedule_message(t, std::move(receiver), std::move(content)); });
}
void scheduler::routing_clock::schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                                                caf::message content) {
  route([&](caf::actor_clock& c) { c.schedule_message(t, std::move(target), std::move(sender), std::move(content)); });
}
void scheduler::routing_clock::cancel_all() {
  route([](caf::actor_clock& c) { c.cancel_all(); });
}

} // namespace swill::actors
