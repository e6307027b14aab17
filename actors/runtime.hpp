#pragma once

#include "actors/connection_actor.hpp"
#include "actors/scheduler.hpp"

#include "libswill/api/ports.hpp"
#include "libswill/api/serving/service.hpp"
#include "libswill/base/job_queue.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

namespace swill::actors {

/// How a runtime ends, beside its app's limits.
struct shutdown_options {
  /// For a manual_loop: runs what is ready and turns its clock by so much, instead of waiting.
  std::function<void(clock_duration)> turn{};
  /// Called once, when connections have not ended by themselves: ends them without their peers. Must not wait.
  std::function<void()> drop{};
  /// Waits for functions that do not end, however long that takes.
  bool waits_for_functions = false;
};

/// The actors of one server: an actor system, a unit for each loop, and the connections on them. Transport hands it handshakes. The loops
/// must turn until shut_down() has returned, have stopped before it is destroyed, and outlive it. Several can live in one process. When
/// shut_down() has returned false, the runtime and its loops must never be destroyed.
class runtime final : public gate {
public:
  /// `workers`: threads of the pool, for blocking work and actors of the application; 0: all of it runs on the first loop, in the order in
  /// which it comes. That loop must be a manual_loop of this thread. `config`: of the actor system; null: that of CAF. Throws
  /// invalid_configuration when it brings a scheduler.
  runtime(std::vector<swill::loop*> loops, std::size_t workers,
          std::shared_ptr<caf::actor_system_config> config = nullptr);
  ~runtime();

  caf::actor_system& system() noexcept { return *system_; }
  /// What to serve. Once, before the first handshake. Starts the app's plugins, and throws what they throw.
  void serve(std::shared_ptr<const detail::service> app);
  const std::vector<std::unique_ptr<unit>>& units() const noexcept { return scheduler_->units(); }
  const detail::service& app() const noexcept { return *app_; }
  const std::shared_ptr<const detail::service>& shared_app() const noexcept { return app_; }
  std::size_t size() const noexcept { return units().size(); }
  unit& unit_of(const swill::loop& l) noexcept;

  /// Runs f on the worker pool. From any thread; f must not throw.
  void offload(std::function<void()> f);
  /// Runs a job of a connection on the worker pool, then its on_done() on `home`. Connections take turns, and each has at most
  /// limits::pool_jobs_per_connection of the threads. `name` says in the log what it is. From any thread.
  void offload(std::shared_ptr<pool_job> job, const connection* owner, swill::loop& home, std::string_view name);

  /// Whether new clients are welcome: it does not drain, and no plugin waits for something that they will need. From any thread.
  bool is_ready() const noexcept { return holds_.load() == 0 && !draining_.load(); }
  /// Why not, and what plugins miss, for who looks after the server; empty: all is well. From any thread.
  std::vector<std::string> reasons_not_ready() const;
  /// Not ready until release_readiness() was called as often. From any thread.
  void hold_readiness() noexcept { ++holds_; }
  void release_readiness() noexcept { --holds_; }

  /// Takes no new connections and requests; connections close with 1001 as they become idle. From any thread.
  void drain();
  /// drain(); after limits::drain_timeout cancels and closes what is left; returns within another limits::close_timeout, or a second where
  /// that is shorter. Until shortly before its end hooks that run after a request or a connection may wait. True when everything has ended:
  /// then nothing uses the loops any more. False when functions of the application still run: the log names them, and they are left behind
  /// with all that they may use. Not from a loop's or a worker's thread, unless that loop turns by shutdown_options::turn.
  bool shut_down(const shutdown_options& how = {});

  /// A function of the application is running on a loop. From any thread.
  bool is_held() const noexcept;

  /// Connections and requests on all loops. Waits for each loop's answer; not from a loop's thread.
  std::vector<connection_info> connections();
  std::vector<request_info> requests();
  std::size_t connection_count() const noexcept { return count_.load(); }
  /// Messages to its connections and requests that none of them took: of a type that it does not know, or after its end. From any thread.
  std::uint64_t dropped_mail() const noexcept;

  /// See server::rebind. `type`: that of the actor, where it is typed, else caf::actor. Throws std::invalid_argument.
  void rebind(std::string_view handler, const caf::strong_actor_ptr& to, std::type_index type);

  // --- gate
  void on_handshake(std::shared_ptr<handshake> h) override;

  /// For a connection or handshake: nothing of it is left. From any thread.
  void connection_ended();
  /// For a unit: `last` is what ran last in a turn that took so long. On its thread.
  void on_slow_turn(unit& u, const void* last, clock_duration took) noexcept;

private:
  class job_runner;
  struct census;

  void stop_handler_actors();
  bool stop_plugins(const shutdown_options& how, std::optional<clock_time> until);
  template <class T, class F>
  std::vector<T> collect(F f);
  void on_each_unit(const std::function<void(unit&)>& f);
  /// How many of a handshake's hooks have run.
  struct hooks_run {
    std::size_t before_connection = 0;
    std::size_t before_accept = 0;
  };
  task<void> next_wait(connection& c, hooks_run& so_far) const;
  void run_hooks(unit& u, std::shared_ptr<handshake> h, std::shared_ptr<connection> facts, task<void> first,
                 hooks_run so_far);
  task<void> accept(unit& u, std::shared_ptr<handshake> h, std::shared_ptr<connection> facts, task<void> first,
                    hooks_run so_far);
  void decide(unit& u, handshake& h, const std::shared_ptr<connection>& facts, const std::exception_ptr& failure);
  void fail(unit& u, handshake& h, const connection& facts, const std::exception_ptr& failure);
  void open(unit& u, handshake& h, std::shared_ptr<connection> facts);
  census ask_units(const shutdown_options& how, const std::function<void(unit&, census&)>& f);
  bool end_connections(const shutdown_options& how, clock_time soft, clock_time last);
  bool end_idle_requests(const shutdown_options& how, std::optional<clock_time> until);
  clock_time now(const shutdown_options& how) const noexcept;
  std::string name_of(const void* tag) const;
  std::vector<std::string> names_of_left() const;
  void log(log_level level, const std::string& text) const;
  void log_rejection(const connection& facts, int status) const;
  limits bounds() const { return app_ ? app_->limits : limits{}; }
  template <class F>
  bool wait_until(const shutdown_options& how, std::optional<clock_time> until, F over);

  std::shared_ptr<const detail::service> app_;
  std::shared_ptr<caf::actor_system_config> config_; ///< shared with the application that has given it
  std::unique_ptr<caf::actor_system> system_;
  scheduler* scheduler_ = nullptr;
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> holds_{0}; ///< of its readiness
  mutable std::mutex asking_;         ///< held while plugins are asked, which must not stop meanwhile
  std::atomic<std::size_t> count_{0}; ///< connections and handshakes under way
  std::mutex mutex_;
  std::condition_variable changed_;
  bool shut_down_ = false;
  bool ended_ = true;                     ///< what shut_down() has returned
  std::optional<clock_time> last_moment_; ///< when shut_down() must have returned
  job_queue jobs_;
  std::size_t plugins_ = 0; ///< of the app's, those that were started
};

} // namespace swill::actors
