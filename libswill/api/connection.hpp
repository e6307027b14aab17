#pragma once

#include "libswill/api/detail/state_set.hpp"
#include "libswill/api/ports.hpp"
#include "libswill/base/error.hpp"
#include "libswill/base/log.hpp"
#include "libswill/base/text_block.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// Thrown by before_connection or before_accept to refuse a connection: an HTTP status 300-599 and a body. A WebSocket code (>= 1000)
/// becomes 403, anything else 500 (docs/protocol.md §1). A swill::error thrown there is the rejection with its code and message; a
/// rejection that a handler or a hook of requests throws is the error with its status and body: one function may check callers for both.
class rejection : public std::exception {
public:
  explicit rejection(int status, std::string body = {}) : status(status), body(std::move(body)) {}
  explicit rejection(const error& e);
  const char* what() const noexcept override { return "connection rejected"; }

  int http_status() const noexcept;
  /// Its body is the message; without one, the message says that the request was rejected.
  error to_error() const;

  int status;
  std::string body;
};

/// Whoever can close a connection: its actor.
class connection_closer {
public:
  virtual void on_close_wanted(int code, std::string_view reason) = 0;
  virtual void* native_actor() noexcept = 0;

protected:
  ~connection_closer() = default;
};

/// One connection as hooks and handlers see it: the facts of its handshake and a place for the application's own state. The facts are
/// UTF-8: bytes that are none in what the client sent have become U+FFFD. Owned by the
/// connection's actor; a reference is good for as long as the hook or request runs. Use it on the connection's I/O thread only, except
/// for the facts, which never change after before_accept.
class connection {
public:
  connection(std::string id, handshake_request request);
  connection& operator=(connection&&) = delete;

  /// 32 hex digits from the operating system's random source.
  const std::string& id() const noexcept { return id_; }
  /// A copy of all that follows, but for the certificate as it came.
  handshake_request request() const;
  std::string_view method() const noexcept;
  std::string_view target() const noexcept; ///< path and query, not decoded
  std::string_view path() const noexcept;   ///< not decoded
  std::string_view query() const noexcept;  ///< after the "?", not decoded
  std::string_view remote_address() const noexcept;
  std::uint16_t remote_port() const noexcept { return remote_port_; }
  /// Behind a proxy that tells whom it speaks for: in before_connection, before anybody has looked.
  void set_remote_address(std::string_view address);
  std::string_view subprotocol() const noexcept;
  bool is_tls() const noexcept { return is_tls_; }
  /// The certificate that the client has shown to a listener that asks for one (tls_server_options::client_authority), or null.
  const peer_certificate* client_certificate() const noexcept { return seldom_ ? seldom_->certificate.get() : nullptr; }

  /// Names and values of all headers, in the order of the wire: `for (const auto& [name, text] : c.headers())`.
  text_pairs headers() const noexcept;
  /// The first header of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  /// Values of the query by name, percent-decoded, "+" as a space.
  std::map<std::string, std::vector<std::string>, std::less<>> arguments() const;
  /// The first value of the query under a name.
  std::optional<std::string> argument(std::string_view name) const;
  std::map<std::string, std::string, std::less<>> cookies() const;
  /// Calls f(name, value) with each cookie that came, in their order, also when there are several of one name. Quotes around a value are
  /// taken off.
  void for_each_cookie(const std::function<void(std::string_view name, std::string_view value)>& f) const;

  /// Who is at the other end, once the application knows (by a session, a token, a login): what it called set_user with; else empty.
  /// Sessions, pub/sub, and the registry of connections go by it.
  const std::string& user() const noexcept { return kept().user; }
  /// Throws std::invalid_argument for what is not UTF-8: to mend it would make one of several users.
  void set_user(std::string user);
  /// Called on the connection's thread when set_user changes the user, with the one before.
  void on_user_changed(std::function<void(connection&, const std::string& before)> f);

  /// The application's own state of this connection: one S for each type S, default-constructed when first asked for, destroyed with the
  /// connection.
  template <class S>
  S& state() {
    return state_.get<S>();
  }

  /// The same when there is one already, else null.
  template <class S>
  const S* find_state() const noexcept {
    return state_.find_object<S>();
  }

  /// For before_connection and before_accept: headers of the response that accepts or rejects. Throws std::invalid_argument for a name or
  /// value that HTTP does not allow.
  void set_response_header(std::string_view name, std::string_view text);
  /// Set-Cookie; `attributes` such as "Path=/; HttpOnly; SameSite=Lax". Throws std::invalid_argument for a name, value or attribute that RFC
  /// 6265 §4.1.1 does not allow: none of them can add attributes, or a second cookie, by what stands in a value.
  void set_cookie(std::string_view name, std::string_view text, std::string_view attributes = {});
  const header_list& response_headers() const noexcept { return kept().response_headers; }

  /// Closes the connection after what is queued (docs/protocol.md §4 on codes). Nothing when it is not open yet or no more.
  void close(int code, std::string_view reason = {});

  /// The connection_handle of this connection, good from any thread: `c.actor()`; `c.actor<ban>()` takes the application's own messages, too
  /// (app::on_message). Empty before the connection is accepted. To use it, include "actors/handles.hpp"; docs/actors.md.
  template <class... Messages>
  auto actor() const;

  /// A line in the server's log that says which connection, and whose it is. In every hook of the connection, from before_connection to
  /// after_connection.
  void log(log_level level, std::string_view text, log_fields fields = {}) const;
  /// Whether lines of this level go anywhere: ask before building what costs something.
  bool is_logged(log_level level) const noexcept;

  // --- For the connection's owner
  /// Null: close() does nothing.
  void set_closer(connection_closer* c) noexcept { closer_ = c; }
  void* native_actor() const noexcept { return closer_ != nullptr ? closer_->native_actor() : nullptr; }
  void set_log(std::shared_ptr<const log_sink> sink) noexcept { log_ = std::move(sink); }

private:
  /// What only some connections have.
  struct seldom {
    std::shared_ptr<const peer_certificate> certificate; // with the copies of the request
    header_list response_headers;
    std::string user;
    std::vector<std::function<void(connection&, const std::string&)>> user_watchers;
  };

  const seldom& kept() const noexcept;
  seldom& to_keep();
  std::string_view fact(int number) const noexcept;

  std::string id_;
  text_block facts_; ///< the remote address, target, method, and subprotocol; then names and values of headers
  std::shared_ptr<const log_sink> log_; // a part of the server's service
  connection_closer* closer_ = nullptr;
  std::unique_ptr<seldom> seldom_; ///< null: nothing of it was set
  detail::state_set state_;
  std::uint16_t remote_port_;
  bool is_tls_;
};

/// What plugins know of a connection beside its own facts, for lists of connections. The topics' names are borrowed: good until whoever
/// asked returns to the loop.
struct connection_notes {
  std::string session; ///< a short hash of its session's id; empty: none
  std::vector<std::string_view> topics;
};

/// A new connection id.
std::string make_connection_id();

} // namespace swill
