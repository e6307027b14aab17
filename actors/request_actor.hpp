#pragma once

#include "actors/actor_place.hpp"
#include "actors/call_chain.hpp"
#include "actors/loop_actor.hpp"
#include "actors/messages.hpp"

#include "libswill/api/serving/call.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace swill::actors {

class connection_actor;
class request_actor;

/// A request's call, and its way to the connection: what goes on to unwind when its actor is killed. Owned by its actor, or by the
/// connection once the actor is dead.
class request_call final : public detail::call {
public:
  explicit request_call(unit& u);

  connection_actor* connection = nullptr;
  request_actor* actor = nullptr; ///< null when it was killed; changed under the mutex of the unit's directory
  std::size_t slot = 0;           ///< in the connection's list of requests

  /// Made when first asked for; who has it finds this request (find_request). From any thread.
  request_id id();
  request_info info(); ///< without the actor
  /// That which it has begun; null: it has called no serial actor.
  const request_chain* chain() const noexcept { return state().find_object<request_chain>(); }
  error late() const override;
  std::span<detail::dynamic_handlers* const> dynamic() const noexcept override;
  void* native_actor() noexcept override;
  void offload(std::shared_ptr<pool_job> job) override;

private:
  void on_final() override;
  void on_finished() override;
  void log_limited(std::string_view kind, const log_entry& line, const log_limiter::text_maker& text) const override;
};

/// One request in flight. Comes from its unit's pool and goes back there when it is done and nobody else knows it; otherwise it ends, and
/// those who watch it are told.
class request_actor final : public loop_actor {
public:
  request_actor(caf::actor_config& config, unit& home);

  const char* name() const override { return "swill.request"; }
  request_call& call() noexcept { return *call_; }
  request_info info();
  /// The trace-id of the request, once it has sent mail to anybody; for whoever got that mail, from any thread.
  std::string_view trace() const noexcept { return trace_ ? std::string_view{*trace_} : std::string_view{}; }
  void note_trace(std::string_view now) override;

  /// May serve another request: nothing outside knows this actor.
  bool is_recyclable() const noexcept;

  /// The request has ended without the answer to a message: it counts as long as anybody refers to this actor, as the message does and whoever
  /// may still answer it. On its thread.
  void keep(std::unique_ptr<left_message> m) noexcept { left_ = std::move(m); }
  /// Nobody refers to it any more.
  void forget_left() noexcept { left_.reset(); }

  void on_exit() override;

private:
  bool on_mail(caf::mailbox_element& element) override;
  bool take(caf::type_erased_tuple& content);
  void cancel(std::string reason);
  std::unique_ptr<request_call> call_;
  std::unique_ptr<const std::string> trace_; ///< null: none
  std::unique_ptr<left_message> left_;       ///< null: none
};

/// A request actor at home on u, from its pool or new.
caf::strong_actor_ptr take_request_actor(unit& u);

inline request_actor& as_request(const caf::strong_actor_ptr& p) noexcept {
  return *static_cast<request_actor*>(p->get());
}

} // namespace swill::actors
