#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/base/task.hpp"

#include <coroutine>
#include <memory>
#include <optional>
#include <string>
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

/// Makes them: a plugin that brings sessions.
class session_provider {
public:
  /// Null: this one has none for the request's connection; the next provider is asked.
  virtual task<std::unique_ptr<request_session>> open(context& c) = 0;
  /// The token in a request's encoded metadata, when its connection may still get a session by one. Does not wait.
  virtual std::optional<std::string> token_in(context& c, bytes_view metadata) const = 0;
  /// Gives the connection of a request the session of such a token, and its user, when there is one. Before the request's first hook.
  virtual task<void> bind_by(context& c, std::string token) = 0;

protected:
  ~session_provider() = default;
};

/// Awaits a session, and gives a reference to it.
class SWILL_MUST_AWAIT("session() gives nothing until it is awaited: co_await context.session()") session_awaiter {
public:
  explicit session_awaiter(task<session*> t) : task_(std::move(t)), inner_{task_} {}
  session_awaiter& operator=(session_awaiter&&) = delete;

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
