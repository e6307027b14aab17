#pragma once

#include "libswill/api/connection.hpp"
#include "libswill/api/detail/state_set.hpp"
#include "libswill/api/metadata.hpp"
#include "libswill/api/session.hpp"
#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/task.hpp"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>

namespace swill {

struct handler_options;
struct request_id;
struct mailbox_options;
template <class... Messages>
class mailbox;
namespace detail {
class call;
}

/// One request as its handler and hooks see it. Lives as long as they run, on the I/O thread of its connection; in a blocking handler,
/// which runs elsewhere, only the functions marked [any thread] may be used.
class context {
public:
  explicit context(detail::call& c) : call_(&c) {}
  context& operator=(context&&) = delete;

  swill::connection& connection() const noexcept;

  std::string_view rpc() const noexcept; ///< [any thread]
  /// What was said of the handler when it was registered, its tags among it; of a worker's handler as the worker announced it. Defined in
  /// "libswill/api/app.hpp". [any thread]
  const handler_options& options() const noexcept;
  std::uint64_t seq() const noexcept; ///< [any thread]
  /// What the client sent along. [any thread]
  const swill::metadata& metadata() const;
  /// When the request ends with ERROR 408, if ever; by the loop's clock. [any thread]
  std::optional<clock_time> deadline() const noexcept;

  /// The request was cancelled: by CANCEL, its deadline, an error, or the end of its connection. [any thread]
  bool is_cancelled() const noexcept;
  /// The server, or this connection, takes no new requests and waits for those that are open: a handler that could go on for long had
  /// better end. [any thread]
  bool is_draining() const noexcept;
  /// For what runs elsewhere: requested when the request is cancelled. `std::stop_callback` runs on the I/O thread. [any thread]
  std::stop_token stop_token();

  /// Leading metadata (docs/protocol.md §6) to go with the first message; the last call wins. Throws std::logic_error after it was sent.
  void set_leading(swill::metadata m);
  /// Sends leading metadata at once. Throws std::logic_error the second time, or after the first message.
  task<void> send_leading(swill::metadata m);
  /// Trailing metadata, to go with the end of the response. Never sent with an ERROR.
  swill::metadata& trailing();

  /// `session& s = co_await context.session();`: the session of this request's connection (docs/sessions.md), loaded when first asked for
  /// and saved before the response's end, when it was changed. Good as long as the request. Throws error 501 when the server has none,
  /// 503 (retryable) when its store is not there.
  detail::session_awaiter session();

  /// The application's own state of this request: one S for each type S, default-constructed when first asked for, seen by hooks, handler
  /// and after_request, and destroyed when all of them have ended. [any thread], but two threads at a time only where S allows that: an
  /// on_error function may run at the deadline while a blocking handler still does.
  template <class S>
  S& state() {
    return states().get<S>();
  }
  /// The same when there is one already, else null. [any thread]
  template <class S>
  const S* find_state() const noexcept {
    return states().find_object<S>();
  }

  /// A line in the server's log that says which connection, user, rpc, seq and trace; on another thread than the connection's, without the
  /// user. [any thread]
  void log(log_level level, std::string_view text, log_fields fields = {}) const;
  /// Whether lines of this level go anywhere: ask before building what costs something. [any thread]
  bool is_logged(log_level level) const noexcept;
  /// The trace-id of the `traceparent` in the client's metadata (W3C Trace Context), 32 hex digits; empty when there is none, or it is
  /// malformed. Good as long as the request. [any thread]
  std::string_view trace() const noexcept;

  // --- The request as an actor (docs/actors.md); to use these, include "actors/handles.hpp", "actors/mailbox.hpp"
  /// The request_handle of this request, good from any thread. Empty when the request's actor was killed. [any thread]
  auto actor() const;
  /// Names this request among all of this process, for find_request. [any thread]
  request_id id() const;
  /// `auto box = c.open_mailbox<tick, closed>();`, then `co_await box.next()`: messages that actors send to this request. On its thread.
  template <class... Messages>
  mailbox<Messages...> open_mailbox();
  template <class... Messages>
  mailbox<Messages...> open_mailbox(const mailbox_options& o);

  detail::call& call() const noexcept { return *call_; }

private:
  detail::state_set& states() const noexcept;

  detail::call* call_;
};

} // namespace swill
