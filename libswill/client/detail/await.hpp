#pragma once

#include "libswill/base/task.hpp"
#include "libswill/client/detail/call.hpp"

#include <memory>
#include <stdexcept>

namespace swill::client_detail {

/// Waits until the call has an item, or has begun, or is over. When the scope is cancelled, so is the call.
class reader_awaiter : wait {
public:
  enum class until { item, begun };
  reader_awaiter(call& c, until u) : call_(c), until_(u) {}
  ~reader_awaiter() {
    if (call_.reader == this) call_.reader = nullptr;
  }
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    return suspend(*h.promise().owner, h);
  }

protected:
  void resume() {
    if (call_.reader == this) call_.reader = nullptr;
    if (!scope_->is_cancelled()) return;
    call_.cancel();
    throw cancelled{};
  }
  call& call_;

private:
  bool suspend(scope& s, std::coroutine_handle<> h);
  until until_;
  scope* scope_ = nullptr;
};

/// Waits while the connection's output is over its limit; true unless the call is over by then.
class room_awaiter : wait {
public:
  explicit room_awaiter(call& c) : call_(c) {}
  ~room_awaiter() { leave(); }
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    return suspend(*h.promise().owner, h);
  }
  bool await_resume() {
    leave();
    if (!scope_->is_cancelled()) return call_.may_write();
    call_.cancel();
    throw cancelled{};
  }

protected:
  call& call_;

private:
  bool suspend(scope& s, std::coroutine_handle<> h);
  void leave() noexcept;
  scope* scope_ = nullptr;
};

/// Waits for something of the connection itself.
class connection_awaiter : wait {
public:
  enum class until { settled, over, pong };
  connection_awaiter(std::shared_ptr<connection> c, until u) : connection_(std::move(c)), until_(u) {}
  ~connection_awaiter() { connection_->forget(*this); }
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    return suspend(*h.promise().owner, h);
  }
  void await_resume() {
    connection_->forget(*this);
    if (scope_->is_cancelled()) throw cancelled{};
  }

private:
  bool suspend(scope& s, std::coroutine_handle<> h);
  std::shared_ptr<connection> connection_; // the waiting outlives the client
  until until_;
  scope* scope_ = nullptr;
};

/// The scope, and with it the loop, of whoever awaits it.
struct scope_awaiter {
  scope* found = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    found = h.promise().owner;
    return false;
  }
  scope& await_resume() const noexcept { return *found; }
};

} // namespace swill::client_detail
