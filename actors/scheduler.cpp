#include "actors/scheduler.hpp"

#include <algorithm>

namespace swill::actors {

runtime_config::runtime_config(std::vector<swill::loop*> loops, std::size_t workers)
    : loops_(std::move(loops)), has_workers_(workers != 0) {
  load<scheduler>();
  set("scheduler.max-threads", static_cast<std::uint64_t>(std::max<std::size_t>(workers, 1)));
  set("scheduler.max-throughput", std::uint64_t{32});
}

scheduler::scheduler(caf::actor_system& system)
    : super(system), has_workers_(static_cast<const runtime_config&>(system.config()).has_workers()) {}

caf::actor_system::module* scheduler::make(caf::actor_system& system, caf::detail::type_list<>) {
  return new scheduler(system);
}

void scheduler::start() {
  const auto& config = static_cast<const runtime_config&>(system().config());
  for (swill::loop* l : config.loops()) units_.push_back(std::make_unique<unit>(system(), *l, max_throughput()));
  super::start();
}

void scheduler::enqueue(caf::resumable* job) {
  if (has_workers_) return super::enqueue(job);
  units_.front()->exec_later(job);
}

void scheduler::stop() {
  super::stop();
  for (auto& u : units_) u->finish();
}

unit* scheduler::own_unit() const noexcept {
  unit* u = unit::current();
  if (u != nullptr && &u->system() == &system_) return u;
  return !has_workers_ && std::this_thread::get_id() == home_ ? units_.front().get() : nullptr;
}

caf::actor_clock& scheduler::routing_clock::of_this_thread() const noexcept {
  if (unit* u = scheduler_.own_unit()) return u->clock();
  return scheduler_.super::clock();
}

scheduler::routing_clock::time_point scheduler::routing_clock::now() const noexcept { return of_this_thread().now(); }
void scheduler::routing_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                                    std::uint64_t id) {
  of_this_thread().set_ordinary_timeout(t, self, type, id);
}
void scheduler::routing_clock::set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                                 std::uint64_t id) {
  of_this_thread().set_multi_timeout(t, self, type, id);
}
void scheduler::routing_clock::set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) {
  of_this_thread().set_request_timeout(t, self, id);
}
void scheduler::routing_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  of_this_thread().cancel_ordinary_timeout(self, type);
}
void scheduler::routing_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  of_this_thread().cancel_request_timeout(self, id);
}
void scheduler::routing_clock::cancel_timeouts(caf::abstract_actor* self) { of_this_thread().cancel_timeouts(self); }
void scheduler::routing_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                                caf::mailbox_element_ptr content) {
  of_this_thread().schedule_message(t, std::move(receiver), std::move(content));
}
void scheduler::routing_clock::schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                                                caf::message content) {
  of_this_thread().schedule_message(t, std::move(target), std::move(sender), std::move(content));
}
void scheduler::routing_clock::cancel_all() { of_this_thread().cancel_all(); }

} // namespace swill::actors
