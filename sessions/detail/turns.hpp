#pragma once

#include "libswill/base/loop.hpp"
#include "libswill/base/scope.hpp"

#include <coroutine>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace swill::detail {

/// Lets what wants the same thing on this node go one after the other, first come first served: the updates of one session. Any thread.
/// Bounded by who waits: each is an open request.
class session_turns {
public:
  session_turns() = default;
  session_turns(const session_turns&) = delete;
  session_turns& operator=(const session_turns&) = delete;

  class turn;

private:
  /// Of one coroutine. Shared by its turn and the line in which it waits.
  struct seat {
    swill::loop* loop = nullptr;
    wait* waiter = nullptr; ///< loop's thread only; null when nobody waits (any more)
  };
  using seat_ptr = std::shared_ptr<seat>;

  /// True when it is its turn at once.
  bool enter(const std::string& name, seat_ptr s);
  /// Its turn is over, or is wanted no more; the next one's begins on the next one's loop, not within this call.
  void leave(const std::string& name, const seat_ptr& s);

  std::mutex mutex_; ///< coroutines of all loops come here; held for a look-up
  std::unordered_map<std::string, std::deque<seat_ptr>> lines_; ///< the first of each has its turn
};

/// `session_turns::turn t{turns, name}; const bool waited = co_await t;`: the turn is this coroutine's until `t` is destroyed. Gives
/// whether somebody else had it before.
class session_turns::turn : wait {
public:
  turn(session_turns& all, std::string name) : all_(all), name_(std::move(name)) {}
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() {
    if (!seat_) return;
    seat_->waiter = nullptr;
    all_.leave(name_, seat_);
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    scope_ = h.promise().owner;
    if (scope_->is_cancelled()) return false;
    seat_ = std::make_shared<seat>();
    seat_->loop = &scope_->loop();
    seat_->waiter = this;
    scope_->suspend(*this, h); // before it is known to others, who may be on other threads
    waited_ = !all_.enter(name_, seat_);
    if (waited_) return true;
    seat_->waiter = nullptr;
    unlink();
    return false;
  }
  bool await_resume() const;

private:
  session_turns& all_;
  const std::string name_;
  std::shared_ptr<seat> seat_; ///< once it was asked for
  scope* scope_ = nullptr;
  bool waited_ = false;
};

} // namespace swill::detail
