#pragma once

#include "actors/actor_place.hpp"
#include "actors/call_chain.hpp"
#include "actors/loop_actor.hpp"

#include "libswill/base/task.hpp"

#include <caf/all.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace swill::actors {

/// A call that another actor makes of a keyed one: the sender of its message, and what its coroutine runs in. Answers the one who asks, and
/// then ends.
class routed_call final : public loop_actor {
public:
  routed_call(caf::actor_config& config, unit& home, caf::strong_actor_ptr asks, caf::message_id id)
      : loop_actor(config, home), scope_(*this), asks_(std::move(asks)), id_(id) {}
  const char* name() const override { return "swill.routed_call"; }

  /// `t` gives the answer; then `done` is called. On its thread, and so are the others.
  void start(task<caf::message> t, std::function<void()> done);
  /// It is a link of a chain. `before`: the calls that wait for it; null: none.
  void set_chain(std::shared_ptr<const call_chain> chain, std::shared_ptr<const call_chain> before) {
    chain_ = std::move(chain);
    before_ = std::move(before);
  }
  /// Nobody will serve it any more.
  void stop() { scope_.cancel(); }
  swill::loop& loop() noexcept { return scope_.loop(); }
  /// See request_actor::keep.
  void keep(std::unique_ptr<left_message> m) noexcept { left_ = std::move(m); }

private:
  class own_scope final : public scope {
  public:
    explicit own_scope(routed_call& c) : scope(c.home().loop()), call_(c) {}
    void* native_actor() noexcept override { return static_cast<loop_actor*>(&call_); }
    void offload(std::shared_ptr<pool_job> job) override;

  private:
    void on_idle() override { call_.finish_if_done(); }
    routed_call& call_;
  };

  void finish_if_done();
  error named(error e) const;

  own_scope scope_;
  task<caf::message> main_;
  std::function<void()> done_;
  std::shared_ptr<const call_chain> chain_;  ///< shared with the message; null: no serial actor takes part
  std::shared_ptr<const call_chain> before_; ///< shared with the message of the call before
  caf::strong_actor_ptr asks_;               ///< null: nobody waits for the answer
  caf::message_id id_;
  std::unique_ptr<left_message> left_;
};

} // namespace swill::actors
