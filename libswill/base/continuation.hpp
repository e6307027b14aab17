#pragma once

#include "libswill/base/frame_memory.hpp"

#include <coroutine>
#include <exception>
#include <utility>

namespace swill::detail {

/// A coroutine that calls a function each time it is resumed: what stands in for the one that awaits another where there is none.
class continuation {
public:
  struct promise_type : in_frame_memory {
    continuation get_return_object() noexcept { return continuation{handle_type::from_promise(*this)}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };

  continuation() = default;
  continuation(continuation&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  continuation& operator=(continuation&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~continuation() {
    if (handle_) handle_.destroy();
  }

  /// f must not throw. It may be called again, but not from within itself, and must not destroy the continuation.
  static continuation make(void (*f)(void*), void* argument) {
    for (;;) {
      f(argument);
      co_await std::suspend_always{};
    }
  }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  std::coroutine_handle<> handle() const noexcept { return handle_; }

private:
  using handle_type = std::coroutine_handle<promise_type>;
  explicit continuation(handle_type h) noexcept : handle_(h) {}
  handle_type handle_;
};

} // namespace swill::detail
