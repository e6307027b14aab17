#pragma once

#include "libswill/base/task.hpp"

#include <coroutine>
#include <memory>
#include <utility>

// Where handlers and sessions meet, so that the one does not know the other. Complete types: "sessions/session.hpp".

namespace swill {

class context;
class session;

namespace detail {

/// What one request has of its session. Belongs to its call.
class request_session {
public:
  virtual ~request_session() = default;
  virtual session& get() noexcept = 0;
  virtual bool has_changed() const noexcept = 0;
  virtual task<void> save() = 0;
};

/// Makes them: the plugin that brings sessions.
class session_provider {
public:
  virtual task<std::unique_ptr<request_session>> open(context& c) = 0;

protected:
  ~session_provider() = default;
};

/// Awaits a session, and gives a reference to it.
class session_awaiter {
public:
  explicit session_awaiter(task<session*> t) : task_(std::move(t)), inner_{task_} {}
  session_awaiter(const session_awaiter&) = delete;
  session_awaiter& operator=(const session_awaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    return inner_.await_suspend(h);
  }
  session& await_resume() { return *inner_.await_resume(); }

private:
  task<session*> task_;
  task<session*>::awaiter inner_;
};

} // namespace detail
} // namespace swill
