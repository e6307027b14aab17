#pragma once

#include "libswill/base/task.hpp"
#include "libswill/base/temporaries.hpp"

#include <optional>

namespace swill {

template <class T>
class stream;

namespace detail {

/// Where the items of a handler's stream go.
template <class T>
class stream_sink {
public:
  /// Takes `item`, or suspends h in w until it has been taken (then true). Items are taken in order; `item` lives until then.
  virtual bool put(T& item, wait& w, std::coroutine_handle<> h) = 0;

protected:
  ~stream_sink() = default;
};

template <class T>
struct stream_promise : promise_base {
  stream_sink<T>* sink = nullptr;
  T* current = nullptr; ///< for a consuming coroutine

  new_coroutine<stream_promise> get_return_object() noexcept { return {this}; }
  void return_void() noexcept {}

  struct yield_awaiter : wait {
    explicit yield_awaiter(T&& v) : item(std::move(v)) {}
    T item;
    scope* owner = nullptr;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<stream_promise> h) {
      stream_promise& p = h.promise();
      owner = p.owner;
      if (owner->is_cancelled()) return false;
      if (p.sink != nullptr) return p.sink->put(item, *this, h);
      p.current = &item;
      if (!p.starting) p.continuation.resume();
      return true;
    }
    void await_resume() const {
      if (owner->is_cancelled()) throw cancelled{};
    }
  };
  yield_awaiter yield_value(T v) requires(!fragile<T>) { return yield_awaiter{std::move(v)}; }
  yield_awaiter yield_value(const T& v) requires(fragile<T>) { return yield_awaiter{T(v)}; }
  template <fragile_temporary_for<T> U = T>
  yield_awaiter yield_value(U&& v) {
    static_assert(refused<U>, "g++ 12 would destroy this temporary twice; name it first: order o{...}; co_yield o;");
    return yield_awaiter{T(std::move(v))};
  }
  yield_awaiter yield_value(moved<T> m) { return yield_awaiter{std::move(m.from)}; }
};

template <class T>
struct stream_promise<T&> : promise_base {
  static_assert(refused<T>, "a swill::stream gives values, not references");
  new_coroutine<stream_promise> get_return_object() noexcept { return {this}; }
  void return_void() noexcept {}
  std::suspend_always yield_value(T&) noexcept { return {}; }
};

} // namespace detail

/// A coroutine that gives any number of T with co_yield. As the result of a handler its items go to the client, and co_yield waits
/// while the connection's send budget is used up. Elsewhere another coroutine consumes it: `while (auto v = co_await s.next())`.
/// Lazy; its frame dies with the stream object.
template <class T>
class SWILL_MUST_AWAIT("a swill::stream does nothing until somebody takes its items: co_await its next()") stream
    : public detail::coroutine<detail::stream_promise<T>> {
  using detail::coroutine<detail::stream_promise<T>>::handle_;

public:
  using detail::coroutine<detail::stream_promise<T>>::coroutine;
  using value_type = T;

  /// Runs to its end with all items going to `sink`, as a child of `parent`; true when it has ended already.
  bool start(detail::stream_sink<T>& sink, scope& s, std::coroutine_handle<> parent) {
    auto& p = handle_.promise();
    p.owner = &s;
    p.sink = &sink;
    p.continuation = parent;
    p.starting = true;
    handle_.resume();
    if (handle_.done()) return true;
    p.starting = false;
    return false;
  }

  /// Rethrows what ended the stream, if it was an exception.
  void finish() {
    if (auto e = handle_.promise().exception) std::rethrow_exception(e);
  }

  struct SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it") next_awaiter {
    stream& s;
    bool await_ready() const noexcept { return s.handle_.done(); }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> parent) {
      auto& p = s.handle_.promise();
      p.owner = parent.promise().owner;
      p.continuation = parent;
      p.current = nullptr;
      p.starting = true;
      s.handle_.resume();
      p.starting = false;
      return !s.handle_.done() && p.current == nullptr;
    }
    std::optional<T> await_resume() {
      auto& p = s.handle_.promise();
      if (s.handle_.done()) {
        s.finish();
        return std::nullopt;
      }
      return std::optional<T>{std::move(*p.current)};
    }
  };
  /// The next item; empty at the end. Throws what the stream throws. Not as a bare `while (co_await s.next()) {}`, which g++ 12 compiles
  /// wrongly (docs/handlers.md, "Pitfalls").
  next_awaiter next() noexcept { return {*this}; }
};

namespace detail {
template <class T>
struct is_stream : std::false_type {};
template <class T>
struct is_stream<stream<T>> : std::true_type {};
} // namespace detail

template <class T>
concept any_stream = detail::is_stream<std::remove_cvref_t<T>>::value;

} // namespace swill
