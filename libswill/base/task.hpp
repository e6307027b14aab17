#pragma once

#include "libswill/base/error.hpp"
#include "libswill/base/frame_memory.hpp"
#include "libswill/base/scope.hpp"
#include "libswill/base/temporaries.hpp"

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace swill {

template <class T = void>
class task;

namespace detail {

/// Throws std::logic_error: a coroutine has ended without co_return.
[[noreturn]] void throw_no_result();
/// Throws std::logic_error: a task is awaited that has none, or whose coroutine has ended already.
[[noreturn]] void throw_awaited_twice();
/// Throws std::logic_error: a coroutine was compiled wrongly (promise_base::initial_awaiter). The coroutine function frees its frame.
[[noreturn]] void throw_wrong_frame();

/// What every coroutine of ours knows. A coroutine that ends while the one that awaits it is still starting it does not resume it: the
/// starter sees that it is done and goes on. So a loop over coroutines that never suspend needs no stack, in any build.
struct promise_base : in_frame_memory {
  scope* owner = nullptr;
  std::coroutine_handle<> continuation;
  void (*on_final)(void*) = nullptr; ///< called instead of resuming `continuation`
  void* on_final_argument = nullptr;
  bool starting = false;
  std::exception_ptr exception;

  /// std::coroutine_handle takes for granted how a frame begins. g++ 12 puts a variable of its own before that when a coroutine has a co_await
  /// in a condition and declares no variable: whoever resumed one would jump to a wrong place. Optimizers see that it is not so elsewhere.
  struct initial_awaiter {
    promise_base* promise;
    bool await_ready() const noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> h) const noexcept {
      if (static_cast<promise_base*>(std::addressof(h.promise())) != promise)
        promise->on_final_argument = h.address(); // unused so far
    }
    void await_resume() const noexcept {}
  };
  initial_awaiter initial_suspend() noexcept { return {this}; }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> h) const noexcept {
      promise_base& p = h.promise();
      if (p.starting) return;
      if (p.on_final != nullptr) {
        p.on_final(p.on_final_argument);
      } else if (p.continuation) {
        p.continuation.resume();
      }
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

/// What a coroutine function returns first: it becomes the task or stream when the coroutine has suspended initially.
template <class P>
struct new_coroutine {
  P* promise;
  std::coroutine_handle<P> handle() const {
    if (promise->on_final_argument != nullptr) [[unlikely]]
      throw_wrong_frame();
    return std::coroutine_handle<P>::from_promise(*promise);
  }
};

/// Owns a coroutine's frame, which dies with this object.
template <class P>
class coroutine {
public:
  using promise_type = P;

  coroutine() = default;
  /// Made by the compiler. Throws std::logic_error when g++ 12 has compiled the coroutine wrongly (docs/handlers.md, "Pitfalls").
  coroutine(new_coroutine<P> c) : handle_(c.handle()) {}
  coroutine(coroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  coroutine& operator=(coroutine&& other) noexcept {
    coroutine gone{std::move(other)};
    std::swap(handle_, gone.handle_);
    return *this;
  }
  ~coroutine() {
    if (handle_) handle_.destroy();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

protected:
  std::coroutine_handle<P> handle_;
};

template <class T>
struct task_promise : promise_base {
  std::optional<T> value;
  new_coroutine<task_promise> get_return_object() noexcept { return {this}; }
  template <class U>
  void return_value(U&& u) {
    value.emplace(std::forward<U>(u));
  }
  T take() {
    if (exception) std::rethrow_exception(exception);
    if (!value) [[unlikely]]
      throw_no_result();
    return std::move(*value);
  }
};

template <class T>
struct task_promise<T&> : promise_base {
  static_assert(refused<T>, "a swill::task gives a value, not a reference");
  new_coroutine<task_promise> get_return_object() noexcept { return {this}; }
  void return_value(T&) noexcept {}
  T& take();
};

template <>
struct task_promise<void> : promise_base {
  new_coroutine<task_promise> get_return_object() noexcept { return {this}; }
  void return_void() noexcept {}
  void take() {
    if (exception) std::rethrow_exception(exception);
  }
};

} // namespace detail

/// A coroutine that gives one T. Lazy: it starts when it is awaited, on the thread and in the scope of the one that awaits it, and its
/// frame dies with the task object, wherever it is suspended. `co_await` hands over the value or throws what the coroutine threw, once; it throws
/// std::logic_error when the coroutine has ended without co_return, which compilers accept, and when it is awaited again.
template <class T>
class SWILL_MUST_AWAIT("a swill::task does nothing until it is awaited: write co_await before it") task
    : public detail::coroutine<detail::task_promise<T>> {
  using detail::coroutine<detail::task_promise<T>>::handle_;

public:
  using detail::coroutine<detail::task_promise<T>>::coroutine;
  using value_type = T;

  bool done() const noexcept { return handle_ && handle_.done(); }

  /// Starts it as an outermost coroutine of s. Look at done() when the scope is idle.
  void start(scope& s) {
    handle_.promise().owner = &s;
    s.run(handle_);
  }

  /// Starts it from within a coroutine of s; true when it has ended. Otherwise `on_final(argument)` is called when it ends.
  bool start_nested(scope& s, void (*on_final)(void*), void* argument) {
    auto& p = handle_.promise();
    p.owner = &s;
    p.on_final = on_final;
    p.on_final_argument = argument;
    return run_start(p);
  }

  bool failed() const noexcept { return handle_.promise().exception != nullptr; }

  /// The value or the exception of a task that is done. Once.
  T take() { return handle_.promise().take(); }

  struct awaiter {
    task& t;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> parent) {
      if (!t.handle_ || t.handle_.done()) [[unlikely]]
        detail::throw_awaited_twice();
      auto& p = t.handle_.promise();
      p.owner = parent.promise().owner;
      p.continuation = parent;
      return !t.run_start(p);
    }
    T await_resume() { return t.take(); }
  };
  awaiter operator co_await() & noexcept { return {*this}; }
  awaiter operator co_await() && noexcept { return {*this}; }

private:
  bool run_start(detail::promise_base& p) {
    p.starting = true;
    handle_.resume();
    if (handle_.done()) return true;
    p.starting = false;
    return false;
  }
};

namespace detail {
template <class T>
struct is_task : std::false_type {};
template <class T>
struct is_task<task<T>> : std::true_type {};
} // namespace detail

template <class T>
concept any_task = detail::is_task<std::remove_cvref_t<T>>::value;

} // namespace swill
