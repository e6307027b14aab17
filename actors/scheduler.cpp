#include "actors/scheduler.hpp"

#include <caf/settings.hpp>
#include <caf/string_view.hpp>

#include <algorithm>

namespace swill::actors {

namespace {

/// Set by every server, so that a configuration shows that it has one.
constexpr char threads_name[] = "scheduler.max-threads";
constexpr char throughput_name[] = "scheduler.max-throughput";
constexpr std::uint64_t default_throughput = 32;

} // namespace

void check_config(const caf::actor_system_config& config, const std::string& path, mistake_list& out) {
  const auto of_scheduler = config.content.find("scheduler");
  if (of_scheduler == config.content.end()) return;
  const auto* all = caf::get_if<caf::settings>(&of_scheduler->second);
  if (all == nullptr) return;
  for (const auto& entry : *all) {
    const std::string full = "scheduler." + std::string{entry.first.begin(), entry.first.end()};
    if (full == threads_name)
      out.add(path, "sets " + full +
                        ", or was given to another server before; server_options::workers and a "
                        "configuration of its own for each server would be right");
    else if (full != throughput_name)
      out.add(path, "sets " + full + ", but a server has a scheduler of its own; without that it would be right");
    else if (const auto messages = caf::get_if<std::uint64_t>(&entry.second); !messages || *messages == 0)
      out.add(path, "sets " + full + " to " + to_string(entry.second) +
                        "; 1 or more would be right, or no actor of the pool would run");
  }
}

std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& config, std::vector<swill::loop*> loops,
                                               std::size_t workers) {
  using caf_module = caf::actor_system::module;
  const auto schedulers = std::make_shared<std::size_t>(0); // of the application
  for (auto& make : config.module_factories) {
    make = [make = std::move(make), schedulers](caf::actor_system& system) -> caf_module* {
      caf_module* made = make(system);
      if (made->id() == caf_module::scheduler) ++*schedulers;
      return made;
    };
  }
  // The last scheduler is the one that CAF takes.
  config.module_factories.emplace_back([loops = std::move(loops), workers](caf::actor_system& system) -> caf_module* {
    return new scheduler(system, loops, workers != 0);
  });
  config.set(threads_name, static_cast<std::uint64_t>(std::max<std::size_t>(workers, 1)));
  if (!caf::get_if<std::uint64_t>(&config.content, throughput_name)) config.set(throughput_name, default_throughput);
  auto system = std::make_unique<caf::actor_system>(config);
  if (*schedulers == 0) return system;
  mistake_list found;
  found.add("server_options.actor_system",
            "loads a module that is a scheduler, but a server has one of its own; without that it would be right");
  throw invalid_configuration{found.all()};
}

void scheduler::start() {
  for (swill::loop* l : loops_) units_.push_back(std::make_unique<unit>(system(), *l, max_throughput()));
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
