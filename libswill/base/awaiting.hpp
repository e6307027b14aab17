#pragma once

#include "libswill/base/error.hpp"
#include "libswill/base/scope.hpp"

#include <coroutine>
#include <utility>

namespace swill {

/// Where at most one coroutine waits until the owner of this wakes it. On the scope's thread.
class wait_slot {
public:
  bool is_taken() const noexcept { return waiter_ != nullptr; }
  /// wake() would resume a coroutine.
  bool has_waiter() const noexcept { return waiter_ != nullptr && waiter_->is_linked(); }
  void enter(wait& w) noexcept { waiter_ = &w; }
  void leave(const wait& w) noexcept {
    if (waiter_ == &w) waiter_ = nullptr;
  }
  /// Resumes the coroutine that waits here, if there is one; that may destroy the owner.
  void wake() {
    wait* w = std::exchange(waiter_, nullptr);
    if (w != nullptr && w->is_linked()) w->owner()->wake(*w);
  }

private:
  wait* waiter_ = nullptr;
};

/// Waits at an At, which is small and refers to what it waits for:
///   bool is_ready() const       there is nothing to wait for
///   void enter(wait&)           the coroutine has been suspended: keep this, to wake it
///   void leave(wait&) noexcept  forget it, if you have it: it goes on, or its frame goes
///   auto take()                 what co_await gives, or throws
///   void give_up()              optional: the scope is cancelled
/// In a scope that is cancelled co_await does not wait, or stops to, and throws `cancelled`.
template <class At>
class SWILL_MUST_AWAIT("this gives nothing until it is awaited: co_await it") awaiting : wait {
public:
  template <class... A>
  explicit awaiting(A&&... a) : at_{std::forward<A>(a)...} {}
  ~awaiting() { at_.leave(*this); }

  bool await_ready() const noexcept { return false; } // what to wait in, await_suspend is told
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    scope_ = h.promise().owner;
    if (scope_->is_cancelled() || at_.is_ready()) return false;
    scope_->suspend(*this, h);
    at_.enter(*this);
    return true;
  }
  decltype(auto) await_resume() {
    at_.leave(*this);
    if (scope_->is_cancelled()) {
      if constexpr (requires(At & at) { at.give_up(); }) at_.give_up();
      throw cancelled{};
    }
    return at_.take();
  }

private:
  At at_;
  scope* scope_ = nullptr;
};

/// `scope& here = co_await this_scope{};`: that of the coroutine, and with it the loop. Never suspends.
class this_scope {
public:
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    found_ = h.promise().owner;
    return false;
  }
  scope& await_resume() const noexcept { return *found_; }

private:
  scope* found_ = nullptr;
};

} // namespace swill
