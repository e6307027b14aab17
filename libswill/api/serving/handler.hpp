#pragma once

#include "libswill/api/any_message.hpp"
#include "libswill/api/hooks.hpp"
#include "libswill/api/types/codec.hpp"
#include "libswill/base/frame_memory.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/wire/writer.hpp"

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill {

class context;
namespace actors {
class runtime;
}

/// An error that a handler may answer, for introspection and generated clients: a code, or error_with<T>(code).
struct declared_error {
  declared_error(int c) : code(c) {} // so that codes may stand in lists as they are
  int code;
  std::shared_ptr<const value> data{}; ///< of what type its data are, docs/protocol.md §8; null: that is not said
  std::vector<mistake> mistakes{};     ///< in the description of that type
};

/// An error of that code whose data are a T: `.errors = {404, error_with<shortage>(409)}`, thrown as `error{409, "sold out", to_value(shortage{…})}`.
template <class T>
declared_error error_with(int code) {
  declared_error e{code};
  e.data = share_description<T>(e.mistakes);
  return e;
}

/// What may be said of a handler beside its function. Everything has a default.
struct handler_options {
  std::string doc{};                             ///< for introspection
  std::chrono::milliseconds default_deadline{0}; ///< 0: limits::default_deadline
  std::chrono::milliseconds maximum_deadline{0}; ///< 0: limits::maximum_deadline
  std::size_t message_size = 0; ///< bytes of one message's data; past it: ERROR 413. 0: limits::message_size
  std::size_t queued_bytes = 0; ///< what items may take that wait for it in one request. 0: limits::queued_bytes
  bool idempotent = false;      ///< a second run does no more than the first: it may be tried again
  bool endless = false;         ///< streams until it is cancelled: ends at once when the server drains
  std::vector<declared_error> errors{}; ///< that it may answer, for introspection
  /// What kind of handler it is, in words of the application: "admin", "public". Hooks see them (context::options), and
  /// blueprint::require goes by them; clients see them in introspection.
  std::vector<std::string> tags{};

  bool has_tag(std::string_view tag) const noexcept {
    for (const std::string& t : tags) {
      if (t == tag) return true;
    }
    return false;
  }
};

/// Limits of the handlers of one blueprint, for those that have none of their own in their handler_options.
struct handler_limits {
  std::chrono::milliseconds default_deadline{0}; ///< 0: that of the blueprint around it, then limits::default_deadline
  std::chrono::milliseconds maximum_deadline{0}; ///< 0: as above, limits::maximum_deadline
  std::size_t message_size = 0;                  ///< bytes. 0: as above, limits::message_size
  std::size_t queued_bytes = 0;                  ///< 0: as above, limits::queued_bytes
};

namespace detail {

class call;
struct error_rules;

/// Messages of a client that wait for a handler to take them.
struct queued_input {
  std::size_t items = 0;
  std::size_t bytes = 0; ///< as they came
  std::size_t held = 0;  ///< what they take
};

/// One request in flight, with its types: the messages, and the handler's coroutine. Belongs to a call.
class exchange : public in_frame_memory {
public:
  virtual ~exchange() = default;

  /// Decodes one message of the client; false: `failure` says why. When nothing is known of the data (`is_checked` is false), false without a
  /// failure says that somebody has to look at them first, as decode_data() does.
  virtual bool decode(bytes_view data, const limits& l, bool is_checked, std::optional<error>& failure) = 0;
  /// The message just decoded.
  virtual any_message incoming() = 0;
  /// Hands it, which came in `size` bytes, to a handler of a streaming request. Others take nothing so.
  virtual void deliver([[maybe_unused]] std::size_t size) {}
  /// What it has been handed and has not taken yet.
  virtual queued_input queued() const noexcept { return {}; }
  /// No more messages come.
  virtual void close_input() {}

  /// Runs the handler as a child of `parent`; true when it has ended already, otherwise `parent` is resumed at its end.
  virtual bool start(call& c, std::coroutine_handle<> parent) = 0;
  /// Throws what the handler threw; afterwards `outgoing` is a unary handler's result.
  virtual void finish() = 0;
  /// The result, or the item that is being sent.
  virtual any_message outgoing() = 0;
  virtual void encode(wire::writer& out) = 0;
};

/// Where the two messages of a plain handler pass on their way.
class plain_passage {
public:
  /// The handler shows its request by `received`. Otherwise it may leave that out.
  bool is_watched() const noexcept { return is_watched_; }
  /// The client's message, decoded, before the function is called.
  virtual void received(any_message m) = 0;
  /// The function's result. Opens the response's envelope; what is appended then is its data.
  virtual wire::writer& begin(any_message result) = 0;

protected:
  explicit plain_passage(bool is_watched) : is_watched_(is_watched) {}
  ~plain_passage() = default;

private:
  const bool is_watched_;
};

/// Who serves a handler's calls beside its function: actors, which begin and end with the server. Shared by the copies of the handler, and by
/// handlers that the same actors serve.
class handler_backend {
public:
  virtual ~handler_backend() = default;
  /// Adds what makes no sense, to a handler with that path.
  virtual void check(const std::string& path, mistake_list& out) const = 0;
  /// The server starts: after its plugins, before the first handshake. Again for each handler. What it throws keeps the server from starting.
  virtual void start(actors::runtime& r) = 0;
  /// The server stops: its requests have ended, the loops still turn. Must not wait.
  virtual void stop(actors::runtime& r) = 0;
};

/// One registered handler, without its types. Immutable once a server runs; shared by all threads.
class handler {
public:
  handler();
  handler(const handler&);
  virtual ~handler();

  /// A plain function that nothing can suspend: `call_plain` does everything at once.
  virtual bool is_plain() const noexcept { return false; }
  /// Decodes, calls, and encodes the result, by way of `passage`. Throws what went wrong. False, and nothing has been called: the data are not
  /// checked, and have to be (exchange::decode).
  virtual bool call_plain(context& c, bytes_view data, bool is_checked, const limits& l,
                          plain_passage& passage) const = 0;

  virtual std::unique_ptr<exchange> make_exchange(call& c) const = 0;
  /// Another handler of the same function, for a service of its own.
  virtual std::shared_ptr<handler> clone() const = 0;

  /// What its requests take: all at once, the same with hooks around it, or a call that may wait.
  enum class way : std::uint8_t { waiting, plain, plain_with_hooks };
  /// Finds it, when the hooks are complete.
  void choose_way() noexcept;
  way chosen = way::waiting;
  bool takes_at_once = false; ///< no hook looks at the bytes of the one message that its request is

  std::string name;
  bool request_streams = false;
  bool response_streams = false;
  bool blocking = false;
  handler_options options;
  std::shared_ptr<const value> request_type;  ///< docs/protocol.md §8; shared with other handlers of that type
  std::shared_ptr<const value> response_type; ///< the same
  std::shared_ptr<handler_backend> backend;   ///< shared with its copies; null: its function alone
  request_hooks hooks;                        ///< the app's and its blueprints'
  std::vector<std::shared_ptr<const error_rules>>
      errors;                    ///< its blueprints', the innermost first; shared with their other handlers
  std::vector<mistake> mistakes; ///< in its types
  bool is_of_plugin = false;     ///< then it may be called "swill.…"
  bool has_none = false;         ///< there is no function to call, or no object to call it on
};

/// Handlers that come and go while a server runs, beside those of its app, which win. One for each loop; all calls on its thread.
class dynamic_handlers {
public:
  /// The handler of that name, or null. Good until the caller returns to the loop; an exchange keeps its handler alive.
  virtual const handler* find(std::string_view name) noexcept = 0;
  virtual std::vector<std::shared_ptr<const handler>> all() const = 0;

protected:
  ~dynamic_handlers() = default;
};

} // namespace detail
} // namespace swill
