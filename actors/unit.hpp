#pragma once

#include "actors/directory.hpp"

#include "libswill/api/serving/call_queue.hpp"
#include "libswill/base/log_limiter.hpp"

#include <caf/all.hpp>
#include <caf/detail/simple_actor_clock.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace swill::detail {
class dynamic_handlers;
} // namespace swill::detail

namespace swill::actors {

class connection_actor;
class connection_watcher;
class hook_scope;
class request_actor;
class runtime;
class unit;

/// CAF's timeouts of the actors of one loop: no locks, no thread of its own, one timer of the loop.
class unit_clock final : public caf::detail::simple_actor_clock, timer {
public:
  using super = caf::detail::simple_actor_clock;
  explicit unit_clock(unit& u) : unit_(u) {}

  time_point now() const noexcept override;
  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override;
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override;
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override;
  void schedule_message(time_point t, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) override;
  void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender, caf::message content) override;
  void stop();

private:
  void arm();
  void on_timer() override;
  unit& unit_;
};

/// What runs the actors of one loop: CAF's execution unit on that loop's thread. Connection and request actors have it as their home and
/// never leave it. All calls on the loop's thread unless they say otherwise.
class unit final : public caf::execution_unit {
public:
  unit(caf::actor_system& system, swill::loop& l, std::size_t throughput);
  ~unit() override;

  swill::loop& loop() noexcept { return loop_; }
  unit_clock& clock() noexcept { return clock_; }

  /// The execution unit that CAF sees when an actor of this unit sends: an actor that this wakes is resumed on the worker pool, not here.
  caf::execution_unit* sending_face() noexcept { return &pool_face_; }

  /// An actor of this unit has mail. From any thread.
  void exec_later(caf::resumable* job) override;

  /// Where streams wait that have had their share of this turn.
  detail::turn_queue turns;

  /// Unwinds the calls of request actors that were withdrawn, some in each turn, in the order in which they came: whoever goes away with all
  /// that it may have open does not hold up its neighbours, and neither do many of them at once.
  void unwind(const std::vector<caf::strong_actor_ptr>& requests);

  /// Lets go of an actor when nothing of it is on the stack any more.
  void dispose_later(caf::strong_actor_ptr a);
  void dispose_later(std::shared_ptr<void> object);

  /// Request actors that wait for work, and the connections of this unit.
  std::vector<caf::strong_actor_ptr> idle_requests;
  std::vector<connection_actor*> connections;
  /// Who is told of them; whoever is added here takes itself out again.
  std::vector<connection_watcher*> watchers;
  directory known; ///< for whoever looks for one of them
  /// Messages that no actor of this unit took: of a type that it does not know, or after its end. From any thread.
  std::atomic<std::uint64_t> dropped_mail{0};
  /// Of the connection that was opened last, among those of this unit.
  std::uint64_t last_connection = 0;
  /// Hooks of connections and handshakes that run or wait.
  std::vector<hook_scope*> hooks;

  /// Whose unit this is.
  runtime* server = nullptr;
  /// For lines that peers can cause as often as they like. Null until the server has an app; shares its limiter with the other units.
  std::unique_ptr<limited_log> limited;
  void log_limited(std::string_view kind, const log_entry& line, const log_limiter::text_maker& text) {
    if (limited) limited->write(kind, line, text);
  }

  /// How long handlers may hold this thread until the server is told.
  clock_duration longest_turn = clock_duration::max();
  clock_time next_slow_line{}; ///< not before this another line in the log
  std::size_t slow_turns = 0;  ///< without a line, since the last one

  /// Handlers beside those of the app; of several that have a name the first serves it. Whoever is added here takes itself out again.
  std::vector<detail::dynamic_handlers*> dynamic;
  /// Others may be about to join that serve names which nobody serves yet: those are answered with 503 instead of 404.
  bool expects_handlers = false;

  /// The unit whose loop this thread is, or null.
  static unit* current() noexcept;
  void bind_thread() noexcept;

  /// Ends what is left when the loop has stopped turning.
  void finish();

private:
  struct pool_face final : caf::execution_unit {
    using caf::execution_unit::execution_unit;
    void exec_later(caf::resumable* job) override { system().scheduler().enqueue(job); }
  };

  void drain() noexcept;
  void take_remote();
  void run(caf::resumable* job);
  void unwind_some();
  void measure_turn() noexcept;

  swill::loop& loop_;
  unit_clock clock_;
  std::size_t throughput_;
  pool_face pool_face_;
  clock_time measured_{}; ///< until when turns have been looked at
  clock_time taken_{};    ///< when the actors were looked at that other threads have woken
  bool draining_ = false;
  bool is_unwinding_ = false; ///< now, or in a later turn
  std::vector<caf::resumable*> ready_;
  std::vector<caf::resumable*> running_;
  std::deque<caf::strong_actor_ptr> unwinding_; ///< held, so that none of them serves another request meanwhile
  std::vector<caf::strong_actor_ptr> garbage_;
  std::vector<std::shared_ptr<void>> garbage_objects_; // whoever gave them up

  std::atomic<bool> has_remote_{false};
  std::mutex mutex_; // guards what follows
  std::vector<caf::resumable*> remote_;
};

} // namespace swill::actors
