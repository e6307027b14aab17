#pragma once

#include "actors/unit.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <memory>
#include <thread>
#include <vector>

namespace swill::actors {

/// CAF's configuration with the loops that actors are to be pinned to. Loads the scheduler below.
class runtime_config : public caf::actor_system_config {
public:
  /// `workers`: see runtime.
  runtime_config(std::vector<swill::loop*> loops, std::size_t workers);
  const std::vector<swill::loop*>& loops() const noexcept { return loops_; }
  bool has_workers() const noexcept { return has_workers_; }

private:
  std::vector<swill::loop*> loops_;
  bool has_workers_;
};

/// CAF's worker pool for blocking and CPU-heavy work, beside one unit a loop for pinned actors. Timeouts of actors stay on the thread
/// that sets them; the pool's go to CAF's own clock. Without workers, what would run on the pool runs on the first unit, in the order in
/// which it comes, and by the clock of its loop.
class scheduler final : public caf::scheduler::coordinator<caf::policy::work_sharing> {
public:
  using super = caf::scheduler::coordinator<caf::policy::work_sharing>;

  explicit scheduler(caf::actor_system& system);
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  const std::vector<std::unique_ptr<unit>>& units() const noexcept { return units_; }
  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

protected:
  void enqueue(caf::resumable* job) override;
  void start() override;
  void stop() override;

private:
  class routing_clock final : public caf::detail::thread_safe_actor_clock {
  public:
    explicit routing_clock(scheduler& s) : scheduler_(s) {}
    time_point now() const noexcept override;
    void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override;
    void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override;
    void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override;
    void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override;
    void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override;
    void cancel_timeouts(caf::abstract_actor* self) override;
    void schedule_message(time_point t, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) override;
    void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender, caf::message content) override;
    void cancel_all() override;

  private:
    caf::actor_clock& of_this_thread() const noexcept;
    scheduler& scheduler_;
  };

  unit* own_unit() const noexcept;

  routing_clock clock_{*this};
  bool has_workers_;
  std::thread::id home_ = std::this_thread::get_id(); // without workers: of whoever turns the loop
  std::vector<std::unique_ptr<unit>> units_;
};

} // namespace swill::actors
