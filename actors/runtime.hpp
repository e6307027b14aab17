#pragma once

#include "actors/connection_actor.hpp"
#include "actors/scheduler.hpp"

#include "libswill/api/detail/service.hpp"
#include "libswill/api/link.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace swill::actors {

/// The actors of one server: an actor system, a unit for each loop, and the connections on them. Transport hands it handshakes. The loops
/// must turn until shut_down() has returned, have stopped before it is destroyed, and outlive it. Several can live in one process.
class runtime final : public gate {
public:
  /// `workers`: threads of the pool, for blocking work and actors of the application; 0: all of it runs on the first loop, in the order in
  /// which it comes. That loop must be a manual_loop of this thread.
  runtime(std::vector<swill::loop*> loops, std::size_t workers);
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

  /// Takes no new connections and requests; connections close with 1001 as they become idle. From any thread.
  void drain();
  /// drain(), waits for open requests as long as limits::drain_timeout, closes what is left, and returns when every connection has ended:
  /// after that nothing uses the loops any more. Not from a loop's or a worker's thread, unless that loop turns by `turn`, which is then
  /// called instead of waiting (manual_loop).
  /// `drop` is called once when connections are left limits::close_timeout after that: it must end them without their peers.
  void shut_down(const std::function<void()>& turn = {}, const std::function<void()>& drop = {});

  /// Connections and requests on all loops. Waits for each loop's answer; not from a loop's thread.
  std::vector<connection_info> connections();
  std::vector<request_info> requests();
  std::size_t connection_count() const noexcept { return count_.load(); }

  // --- gate
  void on_handshake(std::shared_ptr<handshake> h) override;

private:
  void stop_handler_actors();
  void stop_plugins(const std::function<void()>& turn);
  template <class T, class F>
  std::vector<T> collect(F f);
  void on_each_unit(const std::function<void(unit&)>& f);
  task<void> accept(unit& u, std::shared_ptr<handshake> h);
  void open(unit& u, handshake& h, std::shared_ptr<connection> facts);
  void connection_ended();
  std::chrono::milliseconds drain_timeout() const noexcept;
  template <class F>
  bool wait_until(const std::function<void()>& turn, std::optional<std::chrono::milliseconds> most, F over);

  std::shared_ptr<const detail::service> app_;
  std::unique_ptr<runtime_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  scheduler* scheduler_ = nullptr;
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> count_{0}; ///< connections and handshakes under way
  std::mutex mutex_;
  std::condition_variable changed_;
  bool shut_down_ = false;
  std::size_t jobs_ = 0;    ///< on the pool; guarded by mutex_
  std::size_t plugins_ = 0; ///< of the app's, those that were started
};

} // namespace swill::actors
