#pragma once

#include "actors/pool_queue.hpp"
#include "actors/unit.hpp"

#include "libswill/base/mistakes.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace swill::actors {

/// Adds what in the configuration of an application does not go together with a server, under `path`: it sets what the server sets, or another
/// server has it already.
void check_config(const caf::actor_system_config& config, const std::string& path, mistake_list& out);

/// An actor system of that configuration, with the scheduler below, which pins actors to these loops. `workers`: see runtime. Throws
/// invalid_configuration when a module of the configuration is a scheduler as well.
std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& config, std::vector<swill::loop*> loops,
                                               std::size_t workers);

/// CAF's worker pool for blocking and CPU-heavy work, beside one unit a loop for pinned actors. Timeouts of actors stay on the thread
/// that sets them; the pool's go to CAF's own clock. Without workers, what would run on the pool runs on the first unit, in the order in
/// which it comes, and by the clock of its loop.
class scheduler final : public caf::scheduler::coordinator<pool_queue> {
public:
  using super = caf::scheduler::coordinator<pool_queue>;

  scheduler(caf::actor_system& system, std::vector<swill::loop*> loops, bool has_workers)
      : super(system), loops_(std::move(loops)), has_workers_(has_workers) {}

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
  std::vector<swill::loop*> loops_;
  bool has_workers_;
  std::thread::id home_ = std::this_thread::get_id(); // without workers: of whoever turns the loop
  std::vector<std::unique_ptr<unit>> units_;
};

} // namespace swill::actors
