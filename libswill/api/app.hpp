#pragma once

#include "libswill/api/detail/service.hpp"
#include "libswill/api/detail/typed_handler.hpp"
#include "libswill/api/hooks.hpp"
#include "libswill/api/plugin.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace swill {

/// Marks a handler that blocks or computes long: `app.handle("hash", swill::blocking([](request<bytes> r) { … }))`. It runs on the worker
/// pool, never on an I/O thread, and must be a plain function of one message. CANCEL frees the seq at once; the function runs to its end
/// unless it looks at `context().stop_token()`.
template <class F>
detail::blocking_function<F> blocking(F f) {
  return {std::move(f)};
}

struct actor_options;

/// A group of handlers and the hooks around them, under a name that prefixes the handlers' names: a blueprint "shop" with a handler "quote"
/// serves "shop.quote". Mounted in an app or in another blueprint at start-up. Owns its functions; not thread-safe while it is built.
class blueprint {
public:
  explicit blueprint(std::string name = {}) : name_(std::move(name)) {}
  blueprint(blueprint&&) = default;
  blueprint& operator=(blueprint&&) = default;

  /// Registers a handler; its signature says what it is (docs/handlers.md). f is called on the I/O thread of the request's connection,
  /// for different requests at the same time on different threads. What can only be moved will do. Throws std::invalid_argument for a
  /// name that is taken, or empty.
  template <class F>
  void handle(std::string_view name, F f, handler_options options = {}) {
    constexpr auto problem = detail::problem_of_handler<F>();
    detail::check_handler<F, problem>();
    if constexpr (problem == detail::handler_problem::none)
      add(name, detail::make_handler(std::move(f)), std::move(options));
  }
  template <class F>
  void handle(std::string_view name, detail::blocking_function<F> f, handler_options options = {}) {
    constexpr auto problem = detail::problem_of_handler<F, true>();
    detail::check_handler<F, problem>();
    if constexpr (problem == detail::handler_problem::none)
      add(name, detail::make_handler(std::move(f)), std::move(options));
  }
  /// `app.handle("get", &shop::get, &my_shop)`: the same for a member function. An object that is given by pointer or std::ref must live as
  /// long as the app and its servers; one that is given by value or std::shared_ptr belongs to the app.
  template <detail::member_function M, detail::member_object O>
  void handle(std::string_view name, M f, O&& object, handler_options options = {}) {
    constexpr auto problem = detail::problem_of_member<M, O>();
    detail::check_handler<M, problem>();
    if constexpr (problem == detail::handler_problem::none)
      add(name, detail::make_handler(detail::bind_member(f, std::decay_t<O>(std::forward<O>(object)))),
          std::move(options));
  }

  /// Serves a name by a CAF actor, here or on another node: it gets each In as a message and answers an Out. Defined in
  /// "actors/handle_actor.hpp"; docs/handlers.md says what the actor must do, also for streams. An actor of the server's own system is
  /// ended when the server stops.
  template <class In, class Out, class Handle>
  void handle_actor(std::string_view name, Handle actor);
  template <class In, class Out, class Handle>
  void handle_actor(std::string_view name, Handle actor, const actor_options& options);
  /// The same with the In and Out of a typed actor that has one message type.
  template <class Handle>
  void handle_actor(std::string_view name, Handle actor);
  template <class Handle>
  void handle_actor(std::string_view name, Handle actor, const actor_options& options);

  /// Takes over another blueprint's handlers and hooks; its hooks run inside these.
  void mount(blueprint inner);

  // Hooks of requests, in the order of docs/protocol.md §7. Each may be a plain function or return task<void>, may throw swill::error,
  // and may take fewer arguments. Several of one name run in the order of registration.
  template <class F>
  void before_request(F f) {
    hooks_.before_request.push_back(detail::make_hook<context&>(std::move(f)));
  }
  template <class F>
  void before_request_metadata(F f) {
    hooks_.before_request_metadata.push_back(detail::make_hook<context&, metadata&>(std::move(f)));
  }
  template <class F>
  void before_request_data(F f) {
    hooks_.before_request_data.push_back(detail::make_hook<context&, bytes&>(std::move(f)));
  }
  template <class F>
  void before_request_message(F f) {
    hooks_.before_request_message.push_back(detail::make_hook<context&, any_message&>(std::move(f)));
  }
  template <class F>
  void before_leading_metadata(F f) {
    hooks_.before_leading_metadata.push_back(detail::make_hook<context&, metadata&>(std::move(f)));
  }
  template <class F>
  void before_response_message(F f) {
    hooks_.before_response_message.push_back(detail::make_hook<context&, any_message&>(std::move(f)));
  }
  template <class F>
  void before_trailing_metadata(F f) {
    hooks_.before_trailing_metadata.push_back(detail::make_hook<context&, metadata&>(std::move(f)));
  }
  template <class F>
  void after_request(F f) {
    hooks_.after_request.push_back(detail::make_hook<context&, const outcome&>(std::move(f)));
  }

  const std::string& name() const noexcept { return name_; }

  /// For handlers made elsewhere (handler actors).
  void add(std::string_view name, std::shared_ptr<detail::handler> h, handler_options options);

protected:
  std::vector<std::shared_ptr<detail::handler>> handlers_; // shared with the services built from this app
  detail::request_hooks hooks_;

private:
  template <class In, class Out, class Target>
  void add_actor(std::string_view name, const Target& to, const actor_options& o);

  std::string name_;
};

/// Whether a server tells what it serves, by its handler `swill.introspect`.
enum class introspect : std::uint8_t { off, on };

/// Everything a server serves: handlers, hooks, limits. Build it, then give it to a server, which takes a copy of what it needs.
class app : public blueprint {
public:
  app();

  // Hooks of connections. before_connection and before_accept may throw swill::rejection and set response headers.
  template <class F>
  void before_connection(F f) {
    connection_.before_connection.push_back(detail::make_hook<connection&>(std::move(f)));
  }
  template <class F>
  void before_accept(F f) {
    connection_.before_accept.push_back(detail::make_hook<connection&>(std::move(f)));
  }
  template <class F>
  void after_accept(F f) {
    connection_.after_accept.push_back(detail::make_hook<connection&>(std::move(f)));
  }
  template <class F>
  void after_connection(F f) {
    connection_.after_connection.push_back(detail::make_hook<connection&, const close_reason&>(std::move(f)));
  }

  /// Turns exceptions of type E that handlers and hooks let through into errors for the client: `f(context&, const E&) -> error`. The
  /// first that fits, in the order of registration, wins.
  template <class E, class F>
  void on_exception(F f) {
    exceptions_.push_back([f = std::move(f)](context& c, std::exception_ptr e) -> std::optional<error> {
      try {
        std::rethrow_exception(e);
      } catch (const E& known) {
        return f(c, known);
      } catch (...) {
        return std::nullopt;
      }
    });
  }
  /// Changes errors of one code on their way to the client: `f(context&, error) -> error`.
  template <class F>
  void on_error(std::int64_t code, F f) {
    errors_[code] = std::move(f);
  }

  /// Who may ask `swill.introspect`, a request like any other for the hooks of this app: everybody that they let pass, which is the
  /// default; or nobody: then there is no such handler.
  void introspection(introspect which) {
    introspection_ = which;
    introspection_hooks_ = {};
  }
  /// The same; `f` is a before_request of that handler alone, and refuses by throwing swill::error.
  template <class F>
  requires(!std::same_as<F, introspect>) void introspection(F f) {
    introspection(introspect::on);
    introspection_hooks_.before_request.push_back(detail::make_hook<context&>(std::move(f)));
  }

  /// Adds sessions, pub/sub and the like; they start and stop with the server, in this order and its reverse.
  void use(std::shared_ptr<plugin> p);

  /// For the plugin that brings sessions: who makes those that context::session gives. Must live as long as the app and its servers.
  void set_session_provider(detail::session_provider& p) noexcept { sessions_ = &p; }

  /// For plugins: `f(const connection&, connection_notes&)` adds what it knows when somebody lists connections, on the connection's thread.
  void on_describe(std::function<void(const connection&, connection_notes&)> f) { describers_.push_back(std::move(f)); }

  swill::limits& limits() noexcept { return limits_; }
  void set_log(log_sink sink) { log_ = std::move(sink); }
  const log_sink& log() const noexcept { return log_; }
  /// Answers unforeseen exceptions with their text and trace in data.traceback. Never for strangers to see.
  void set_debug(bool on) noexcept { debug_ = on; }

  /// What a server runs. Shares the handlers; later changes of this app do not show.
  std::shared_ptr<const detail::service> build() const;

private:
  detail::connection_hooks connection_;
  std::vector<detail::exception_mapper> exceptions_;
  std::unordered_map<std::int64_t, detail::error_mapper> errors_;
  std::vector<std::shared_ptr<plugin>> plugins_; // shared with the services built from this app
  detail::session_provider* sessions_ = nullptr;
  std::vector<std::function<void(const connection&, connection_notes&)>> describers_;
  introspect introspection_ = introspect::on;
  detail::request_hooks introspection_hooks_;
  swill::limits limits_;
  log_sink log_;
  bool debug_ = false;
};

} // namespace swill
