#pragma once

#include "actors/loop_actor.hpp"
#include "actors/messages.hpp"

#include "libswill/api/detail/call.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace swill::actors {

class connection_actor;
class request_actor;

/// What a request keeps when its actor is killed: the call, which goes on to unwind, and its way to the connection. Owned by its actor,
/// or by the connection once the actor is dead.
class request_state final : public detail::call_host {
public:
  explicit request_state(unit& u);

  detail::call& call() noexcept { return call_; }
  connection_actor* connection = nullptr;
  request_actor* actor = nullptr; ///< null when it was killed
  std::size_t slot = 0;           ///< in the connection's list of requests

  message_port& port() noexcept override;
  swill::connection& peer() const noexcept override;
  const detail::service& app() const noexcept override;
  bool writable() const noexcept override;
  void on_held(std::ptrdiff_t bytes) override;
  void pause_reading(bool paused) override;
  void wait_writable(detail::call& c) override;
  void wait_turn(detail::call& c) override;
  void forget_waits(detail::call& c) noexcept override;
  std::uint64_t turn() const noexcept override { return unit_.turn(); }
  void on_final(detail::call& c) override;
  void on_finished(detail::call& c) override;
  void close(int code, std::string_view reason) override;
  void log_limited(std::string_view kind, const log_entry& line, const log_limiter::text_maker& text) override {
    unit_.log_limited(kind, line, text);
  }
  bool is_draining() const noexcept override;
  void* native_actor() noexcept override;
  void offload(std::shared_ptr<pool_job> job) override;
  std::span<detail::dynamic_handlers* const> dynamic() const noexcept override { return unit_.dynamic; }
  bool counts_items() const noexcept override;
  void on_item_taken(detail::call& c) override;

private:
  unit& unit_;
  detail::call call_;
};

/// One request in flight. Comes from its unit's pool and goes back there when it is done and nobody else knows it; otherwise it ends, and
/// those who watch it are told.
class request_actor final : public loop_actor {
public:
  request_actor(caf::actor_config& config, unit& home);

  const char* name() const override { return "swill.request"; }
  request_state& state() noexcept { return *state_; }
  request_info info() const;
  /// The trace-id of the request, once it has sent mail to anybody; for whoever got that mail, from any thread.
  std::string_view trace() const noexcept { return trace_ ? std::string_view{*trace_} : std::string_view{}; }
  void note_trace(std::string_view now) override;

  /// May serve another request: nothing outside knows this actor.
  bool is_recyclable() const noexcept;

  void on_exit() override;

private:
  bool on_mail(caf::mailbox_element& element) override;
  void cancel(std::string reason);
  std::unique_ptr<request_state> state_;
  std::unique_ptr<const std::string> trace_; ///< null: none
};

/// A request actor at home on u, from its pool or new.
caf::strong_actor_ptr take_request_actor(unit& u);

inline request_actor& as_request(const caf::strong_actor_ptr& p) noexcept {
  return *static_cast<request_actor*>(p->get());
}

} // namespace swill::actors
