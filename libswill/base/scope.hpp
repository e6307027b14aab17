#pragma once

#include "libswill/base/loop.hpp"

#include <coroutine>
#include <memory>
#include <string_view>

/// Between `class` and the name of a type that does nothing until it is awaited, or before a function that gives one: compilers warn where it
/// is dropped, with this text.
#define SWILL_MUST_AWAIT(text) [[nodiscard(text)]]

namespace swill {

class pool_job;
class scope;

/// What a suspended coroutine waits in: a member or base of every awaiter. It unlinks itself when its frame dies, so that nothing ever
/// resumes a coroutine that is gone.
class wait {
public:
  wait& operator=(wait&&) = delete;
  ~wait() { unlink(); }

  bool is_linked() const noexcept { return scope_ != nullptr; }
  scope* owner() const noexcept { return scope_; }
  void unlink() noexcept;

private:
  friend class scope;
  scope* scope_ = nullptr;
  wait* previous_ = nullptr;
  wait* next_ = nullptr;
  std::coroutine_handle<> handle_;
};

/// The coroutines of one request (or one connection hook): where they run, what each waits for, and whether they are cancelled.
/// Everything here happens on the loop's thread. A coroutine inherits its scope from the one that awaits it.
class scope {
public:
  explicit scope(swill::loop& l) : loop_(&l) {}
  scope& operator=(scope&&) = delete;
  virtual ~scope();

  swill::loop& loop() const noexcept { return *loop_; }
  bool is_cancelled() const noexcept { return cancelled_; }

  /// Resumes everything that waits, with `cancelled`; from then on no co_await of this scope suspends. When a coroutine of the scope is
  /// running right now, the others are resumed as soon as it suspends.
  void cancel();

  /// For coroutines that run after a cancelled one has ended (the after_ hooks).
  void reset_cancel() noexcept { cancelled_ = false; }

  /// Suspends `h` in w. Only when not cancelled.
  void suspend(wait& w, std::coroutine_handle<> h) noexcept;

  /// Resumes what waits in w, if anything does.
  void wake(wait& w);

  /// Runs h as an outermost coroutine of this scope until it suspends.
  void run(std::coroutine_handle<> h);
  /// The same with a function, which must not throw, in place of a coroutine.
  template <class F>
  void enter(const F& f) {
    if (tag_ != nullptr) loop_->note_entered(tag_);
    ++depth_;
    f();
    if (--depth_ == 0) settle();
  }

  bool is_running() const noexcept { return depth_ > 0; }

  /// Runs `job` on the worker pool, then its on_done() on this loop. Jobs of one connection take turns with those of others.
  virtual void offload(std::shared_ptr<pool_job> job);

  /// The actor whose scope this is, for awaiters that speak to other actors; null when there is none.
  virtual void* native_actor() noexcept { return nullptr; }

  /// The trace-id that the request's client has sent (docs/logging.md); empty when there is none.
  virtual std::string_view trace() const noexcept { return {}; }

protected:
  /// The part of cancel() that takes no time: what runs from now on is cancelled, what waits goes on waiting until it is woken, or cancel()
  /// is called.
  void mark_cancelled() noexcept { cancelled_ = true; }

  /// Resumes everything that waits, now, within a running coroutine.
  void interrupt();

  /// What the loop notes whenever a coroutine of this scope runs (loop::entered).
  void set_tag(const void* tag) noexcept { tag_ = tag; }

  /// The outermost coroutine has returned: the place to look at what has ended. May destroy the scope.
  virtual void on_idle() {}

private:
  friend class wait;
  void settle();

  swill::loop* loop_;
  wait* first_ = nullptr;
  const void* tag_ = nullptr;
  unsigned depth_ = 0;
  bool cancelled_ = false;
};

} // namespace swill
