#pragma once

#include "libswill/base/frame_memory.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/base/result.hpp"
#include "libswill/base/scope.hpp"
#include "libswill/base/task.hpp"

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace swill {

namespace detail {

template <class T>
struct completion_state {
  swill::loop* loop = nullptr;
  wait* waiter = nullptr; ///< loop's thread only; null when nobody waits (any more)
  std::optional<result<T>> value;

  void complete(result<T> r) {
    if (value) return; // the first answer counts
    value.emplace(std::move(r));
    if (wait* w = std::exchange(waiter, nullptr); w != nullptr && w->is_linked()) w->owner()->wake(*w);
  }
};

} // namespace detail

/// The other end of a `completion`: call it once, from any thread, with the value or an error. Copies speak for the same completion; what
/// comes after the first call, or after nobody waits any more, is dropped. When it is dropped uncalled, its coroutine waits until it is
/// cancelled.
template <class T>
class completer {
public:
  explicit completer(std::shared_ptr<detail::completion_state<T>> s) : state_(std::move(s)) {}

  void operator()(result<T> r) const {
    if (state_->loop->is_current()) return state_->complete(std::move(r));
    state_->loop->post(
        [s = state_, shared = std::make_shared<result<T>>(std::move(r))] { s->complete(std::move(*shared)); });
  }

private:
  std::shared_ptr<detail::completion_state<T>> state_; // with the awaiting frame, which may die first
};

/// `auto reply = co_await completion<text>([&](completer<text> done) { client.get(key, done); })`: starts something that answers by a call,
/// and goes on, on the same thread, with the value that it answers, or by throwing its error. `start` runs at once, before this suspends.
/// When the request is cancelled the coroutine goes on at once, by `cancelled`; what was started is not told.
template <class T>
class completion : wait {
public:
  /// (g++ 12 destroys a lambda that is a temporary of a co_await expression twice: capture by reference, or name it first.)
  template <class F>
  explicit completion(F&& start) : start_(std::forward<F>(start)) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ <= 12
    static_assert(std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<std::remove_cvref_t<F>>,
                  "g++ 12 would destroy this lambda twice: capture by reference, or name it first");
#endif
  }
  completion& operator=(completion&&) = delete;
  ~completion() {
    if (state_) state_->waiter = nullptr;
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    scope_ = h.promise().owner;
    if (scope_->is_cancelled()) return false;
    using state = detail::completion_state<T>;
    state_ = std::allocate_shared<state>(detail::frame_allocator<state>{});
    state_->loop = &scope_->loop();
    start_(completer<T>{state_});
    if (state_->value) return false;
    scope_->suspend(*this, h);
    state_->waiter = this;
    return true;
  }
  T await_resume() {
    if (scope_->is_cancelled()) throw cancelled{};
    return std::move(*state_->value).value();
  }

private:
  move_function<void(completer<T>)> start_;
  std::shared_ptr<detail::completion_state<T>> state_;
  scope* scope_ = nullptr;
};

} // namespace swill
