#pragma once

#include "libswill/api/detail/http_routes.hpp"
#include "libswill/api/hooks.hpp"
#include "libswill/api/plugin.hpp"
#include "libswill/api/serving/service.hpp"
#include "libswill/api/serving/typed_handler.hpp"

#include <concepts>
#include <cstddef>
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
struct lifecycle_options;

namespace detail {

/// Knows whether its content was moved elsewhere.
class moved_mark {
public:
  moved_mark() = default;
  moved_mark(moved_mark&& other) noexcept : moved_(std::exchange(other.moved_, true)) {}
  moved_mark& operator=(moved_mark&& other) noexcept {
    moved_ = std::exchange(other.moved_, true);
    return *this;
  }
  ~moved_mark() = default;
  explicit operator bool() const noexcept { return moved_; }

private:
  bool moved_ = false;
};

} // namespace detail

/// What handle_actor() returns, which says nothing. It is complete where its header is included, so that a compiler names the header where it is not.
template <class Handle>
struct include_actors_handle_actor_hpp;

/// A group of handlers and the hooks around them, under a name that prefixes the handlers' names: a blueprint "shop" with a handler "quote"
/// serves "shop.quote". Mounted in an app or in another blueprint at start-up. Owns its functions; not thread-safe while it is built.
/// Whatever is added after it was mounted, or while a server runs its app, would never be used: that throws std::logic_error.
class blueprint {
public:
  explicit blueprint(std::string name = {}) : name_(std::move(name)) {}
  blueprint(blueprint&&) noexcept;
  /// Always refused, with a sentence.
  template <std::same_as<blueprint> B>
  blueprint(B&) {
    static_assert(detail::refused<B>, "a blueprint is moved, not copied: app.mount(std::move(shop))");
  }
  blueprint& operator=(blueprint&&) noexcept;
  ~blueprint();

  /// Registers a handler; its signature says what it is (docs/handlers.md). f is called on the I/O thread of the request's connection,
  /// for different requests at the same time on different threads. What can only be moved will do. Throws std::invalid_argument for a
  /// name that is taken, or empty.
  template <class F>
  void handle(std::string_view name, F&& f, handler_options options = {}) {
    using function = std::decay_t<F>;
    constexpr auto problem = std::is_constructible_v<function, F> ? detail::problem_of_handler<function>()
                                                                  : detail::handler_problem::not_moved;
    detail::check_handler<function, problem>();
    if constexpr (problem == detail::handler_problem::none)
      add(name, detail::make_handler(function(std::forward<F>(f))), std::move(options));
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
    if constexpr (problem == detail::handler_problem::none) {
      std::decay_t<O> own(std::forward<O>(object));
      const bool has_none = detail::is_null(f) || detail::is_null(own);
      auto h = detail::make_handler(detail::bind_member(f, std::move(own)));
      h->has_none = has_none;
      add(name, std::move(h), std::move(options));
    }
  }

  /// Always refused, with a sentence.
  template <detail::member_function M, detail::member_object O>
  void handle(std::string_view, detail::blocking_function<M>, O&&, const handler_options& = {}) {
    detail::check_handler<M, detail::handler_problem::blocking_member>();
  }

  /// These two as well.
  template <class F, std::convertible_to<std::string_view> Text>
  void handle(std::string_view, F&&, const Text&) {
    static_assert(detail::refused<F>,
                  "what is said of a handler has a name: app.handle(\"a\", f, {.doc = \"does a thing\"})");
  }
  template <class F>
  requires(!std::convertible_to<F, std::string_view>) void handle(F&&, std::string_view) {
    static_assert(detail::refused<F>, "a handler's name comes first: app.handle(\"a\", f)");
  }

  /// Serves a name by a CAF actor of this process: it gets each In as a message and answers an Out. Defined in "actors/handle_actor.hpp";
  /// docs/actors.md says what the actor may do, docs/handlers.md what it must, also for streams. In place of the actor: what `app::spawn` gave, a
  /// supervised, a pool, or keyed actors. An actor of the server's own system is ended
  /// when the server stops.
  template <class In, class Out, class Handle>
  include_actors_handle_actor_hpp<Handle> handle_actor(std::string_view name, Handle actor);
  template <class In, class Out, class Handle>
  include_actors_handle_actor_hpp<Handle> handle_actor(std::string_view name, Handle actor,
                                                       const actor_options& options);
  /// The same with the In and Out of a typed actor that has one message type.
  template <class Handle>
  include_actors_handle_actor_hpp<Handle> handle_actor(std::string_view name, Handle actor);
  template <class Handle>
  include_actors_handle_actor_hpp<Handle> handle_actor(std::string_view name, Handle actor,
                                                       const actor_options& options);

  /// Takes over another blueprint's handlers and hooks; its hooks run inside these.
  void mount(blueprint inner);

  // Hooks of requests, in the order of docs/protocol.md §7. Each may be a plain function or return task<void>, may throw swill::error,
  // and may take fewer arguments. Several of one name run in the order of registration.
  template <class F>
  void before_request(F f) {
    add_hook("before_request", hooks_.before_request, std::move(f));
  }
  template <class F>
  void before_request_metadata(F f) {
    add_hook("before_request_metadata", hooks_.before_request_metadata, std::move(f));
  }
  template <class F>
  void before_request_data(F f) {
    add_hook("before_request_data", hooks_.before_request_data, std::move(f));
  }
  template <class F>
  void before_request_message(F f) {
    add_hook("before_request_message", hooks_.before_request_message, std::move(f));
  }
  template <class F>
  void before_leading_metadata(F f) {
    add_hook("before_leading_metadata", hooks_.before_leading_metadata, std::move(f));
  }
  template <class F>
  void before_response_message(F f) {
    add_hook("before_response_message", hooks_.before_response_message, std::move(f));
  }
  template <class F>
  void before_trailing_metadata(F f) {
    add_hook("before_trailing_metadata", hooks_.before_trailing_metadata, std::move(f));
  }
  template <class F>
  void after_request(F f) {
    add_hook("after_request", hooks_.after_request, std::move(f));
  }

  /// Lets only those requests pass that `f(context&)` lets: it gives nothing or a bool, or a task of one of them, and says no by false,
  /// which is ERROR 403, or by throwing, best an error of its own. It runs as a before_request, in the order of registration with them.
  template <class F>
  void require(F f) {
    must_be_open("require");
    hooks_.before_request.push_back(detail::make_rule(std::move(f)));
  }
  /// The same for handlers that have this tag (handler_options::tags), those of workers among them when this is an app. Others pay nothing
  /// for it.
  template <class F>
  void require(std::string tag, F f) {
    require(std::move(f));
    hooks_.before_request.back().tag = std::move(tag);
  }

  /// Turns exceptions of type E that handlers and hooks let through into errors for the client: `f(context&, const E&) -> error`. The
  /// first that fits, in the order of registration, wins; those of an inner blueprint come before those around it.
  template <class E = void, class F>
  void on_exception(F f) {
    must_be_open("on_exception");
    if constexpr (std::is_void_v<E>) {
      static_assert(detail::refused<F>, "which exceptions? write their type: app.on_exception<std::out_of_range>(f)");
    } else if constexpr (!std::is_invocable_r_v<std::optional<error>, const F&, context&, const E&>) {
      static_assert(detail::refused<F>,
                    "on_exception<E> takes a function of (swill::context&, const E&) that returns "
                    "the swill::error for the client; it is called as const: its lambda is not mutable");
    } else if (detail::is_null(f)) {
      errors_.exceptions.emplace_back(); // which a check tells of
    } else {
      errors_.exceptions.push_back([f = std::move(f)](context& c, std::exception_ptr e) -> std::optional<error> {
        try {
          std::rethrow_exception(e);
        } catch (const E& known) {
          return f(c, known);
        } catch (...) {
          return std::nullopt;
        }
      });
    }
  }
  /// Changes errors of one code on their way to the client: `f(context&, error) -> error`. What an inner blueprint makes of an error is an
  /// error like any other to those around it.
  template <class F>
  void on_error(std::int64_t code, F f) {
    must_be_open("on_error");
    if constexpr (std::is_invocable_r_v<error, F&, context&, error>) {
      errors_.errors[code] = std::move(f);
    } else {
      static_assert(detail::refused<F>, "on_error takes a function of (swill::context&, swill::error) that returns the "
                                        "swill::error for the client");
    }
  }
  template <class F>
  void on_error(error_code code, F f) {
    on_error(static_cast<std::int64_t>(code), std::move(f));
  }

  /// For its handlers and those of blueprints within that have none of their own. An app has all of a server's limits in their place.
  handler_limits& limits() noexcept { return limits_; }

  const std::string& name() const noexcept { return name_; }

  /// For handlers made elsewhere (handler actors).
  void add(std::string_view name, std::shared_ptr<detail::handler> h, handler_options options);

protected:
  /// Throws std::logic_error when nothing would use what is going to be added.
  void must_be_open(std::string_view what) const;
  template <class... Args, class F>
  void add_hook(std::string_view name, detail::hook_list<Args...>& to, F f) {
    must_be_open(name);
    to.push_back(detail::make_hook<Args...>(std::move(f)));
  }
  /// Adds the rules for tags that no handler of b has: most likely the tag is written in another way there.
  static void check_tags(const blueprint& b, std::vector<mistake>& out);
  /// Adds the hooks and rules of b that are null.
  static void check_functions(const blueprint& b, std::vector<mistake>& out);

  std::vector<std::shared_ptr<detail::handler>> handlers_; // shared with the services built from this app
  detail::request_hooks hooks_;
  detail::error_rules errors_;
  std::vector<mistake> mistakes_;                        ///< of blueprints that were mounted
  mutable std::weak_ptr<const detail::service> running_; // what was built last from this app

private:
  template <class Signatures, class In, class Out, class Who, class KeyOf>
  void add_actor(std::string_view name, const Who& who, const KeyOf& key_of, const actor_options& o);

  std::string name_;
  handler_limits limits_;
  detail::moved_mark moved_;
};

/// Whether a server tells what it serves, by its handler `swill.introspect`.
enum class introspect : std::uint8_t { off, on };

/// Everything a server serves: handlers, hooks, limits. Build it, then give it to a server, which takes a copy of what it needs. As long
/// as a server that was started from it exists, nothing can be added: std::logic_error.
class app : public blueprint {
public:
  app();

  // Hooks of connections. before_connection and before_accept may throw swill::rejection or swill::error, and set
  // response headers.
  template <class F>
  void before_connection(F f) {
    add_hook("before_connection", connection_.before_connection, std::move(f));
  }
  template <class F>
  void before_accept(F f) {
    add_hook("before_accept", connection_.before_accept, std::move(f));
  }
  template <class F>
  void after_accept(F f) {
    add_hook("after_accept", connection_.after_accept, std::move(f));
  }
  template <class F>
  void after_connection(F f) {
    add_hook("after_connection", connection_.after_connection, std::move(f));
  }

  /// `app.lifecycle(actor, {.timeout = 1s, .on_timeout = swill::hook_outcome::refuse})`: hooks that ask an actor of this process, or what app.spawn
  /// gave, in the order of registration with those that are functions. Which ones: those that a typed actor has as messages (swill::hooks), or
  /// `app.lifecycle<swill::hooks::after_accept>(actor, …)`. Throws std::invalid_argument for a timeout that is none, and for an actor of another
  /// process. Defined in "actors/lifecycle.hpp".
  template <class... Hooks, class Handle>
  void lifecycle(Handle actor, const lifecycle_options& o);

  /// `app.on_message<ban>([](swill::connection& c, const ban& b) { … })`: messages of that type that actors send to a connection, by its
  /// connection_handle. f is a plain function that runs on the connection's thread, for one message of a connection at a time; what it returns is
  /// the answer to those who have sent a CAF request. swill::error is their answer, too; other exceptions are a line in the log, and
  /// close_connection closes. Throws std::invalid_argument for a second function of a type. Defined in "actors/on_message.hpp".
  template <class Message, class F>
  void on_message(F f);

  /// Who may ask `swill.introspect`, a request like any other for the hooks of this app: everybody that they let pass, which is the
  /// default; or nobody: then there is no such handler.
  void introspection(introspect which) {
    must_be_open("introspection");
    introspection_ = which;
    introspection_hooks_ = {};
  }
  /// The same; `f` is a rule for that handler alone, as in require.
  template <class F>
  requires(!std::same_as<F, introspect>) void introspection(F f) {
    introspection(introspect::on);
    introspection_hooks_.before_request.push_back(detail::make_rule(std::move(f)));
  }

  /// Answers GET and HEAD requests for exactly this path by HTTP, on the listeners of the server: `app.http("/version", [](const
  /// swill::http_request&) { return swill::http_response{.body = "7\n"}; })`. For plugins, too. docs/http.md.
  void http(std::string path, http_handler f, http_listeners where = http_listeners::all);
  template <class F>
  requires(!std::convertible_to<F, http_handler>) void http(std::string, F&&, http_listeners = http_listeners::all) {
    static_assert(detail::refused<F>,
                  "app.http takes a function of (const swill::http_request&) that returns a swill::http_response");
  }
  /// Serves the files of a directory, at this path and below, on public listeners: `app.files("/", "/srv/www")`. Nothing outside of the directory is
  /// ever read, and nothing whose name begins with a dot. validate() reports a directory that is not there. docs/http.md.
  void files(std::string path, std::string directory, file_options o = {});
  /// As http() and files(), for programs that serve something for an option of their command line: its mistakes are told by the name of that option.
  void add_route(detail::http_routes::function f);
  void add_route(detail::http_routes::directory d);

  /// Adds sessions, pub/sub and the like, and returns what it was given; they start and stop with the server, in this order and its reverse.
  template <std::derived_from<plugin> P>
  std::shared_ptr<P> use(std::shared_ptr<P> p) {
    add_plugin(p);
    return p;
  }
  template <std::derived_from<plugin> P>
  std::shared_ptr<P> use(std::unique_ptr<P> p) {
    return use(std::shared_ptr<P>{std::move(p)});
  }
  /// A mistake, which validate() reports, as for any null.
  void use(std::nullptr_t) { add_plugin(nullptr); }
  /// Always refused, with a sentence.
  template <class P>
  requires std::derived_from<std::remove_pointer_t<std::remove_cvref_t<P>>, plugin>
  void use(P&&) {
    static_assert(detail::refused<P>, "an app shares its plugins: app.use(std::make_shared<swill::pubsub>())");
  }

  /// `auto house = app.spawn("house", auction_house);`: an actor of each server that runs this app, from its start to its stop, by a function
  /// that CAF can spawn, `f(arguments…)`, or by `f(caf::actor_system&)` that gives a handle. `handle_actor` and `ask` take what this
  /// returns. An app has one actor of a name. Defined in "actors/spawned.hpp".
  template <class F, class... Args>
  auto spawn(std::string name, F f, Args... arguments);

  /// For plugins that bring sessions: who makes those that context::session gives; of several the first that has one for a connection. Must
  /// live as long as the app and its servers.
  void add_session_provider(detail::session_provider& p) {
    must_be_open("add_session_provider");
    sessions_.push_back(&p);
  }

  /// For plugins: `f(const connection&, connection_notes&)` adds what it knows when somebody lists connections, on the connection's thread.
  void on_describe(std::function<void(const connection&, connection_notes&)> f) {
    must_be_open("on_describe");
    describers_.push_back(std::move(f));
  }

  /// For a plugin that brings inboxes: `f(connection&, name, value)` hands {name, value} to the client's, on the connection's thread; false: none is
  /// open. What swill::push comes to.
  void on_push(std::function<bool(connection&, std::string_view, const value&)> f) {
    must_be_open("on_push");
    push_ = std::move(f);
  }

  /// A server takes a copy when it starts: what is changed then does not show.
  swill::limits& limits() noexcept { return limits_; }
  const detail::http_routes& http_routes() const noexcept { return http_routes_; }
  const swill::limits& limits() const noexcept { return limits_; }
  void set_log(log_sink sink) {
    must_be_open("set_log");
    log_ = std::move(sink);
  }
  const log_sink& log() const noexcept { return log_; }
  /// Answers unforeseen exceptions with their text and trace in data.traceback. Never for strangers to see.
  void set_debug(bool on) {
    must_be_open("set_debug");
    debug_ = on;
  }

  /// Throws invalid_configuration with all that cannot be meant in limits, handlers, their types and options, and plugins, and with what
  /// would be right in its place. Every server does it when it starts; call it in a test to know before.
  void validate() const;
  /// The same for somebody who has more to look at: adds what it finds.
  void check(mistake_list& out) const;
  /// Whether one of its plugins does (plugin::brings_clients).
  bool brings_clients() const noexcept;

  /// What a server runs. Shares the handlers; later changes of this app do not show, and are refused as long as it lives.
  std::shared_ptr<const detail::service> build() const;

private:
  void add_plugin(std::shared_ptr<plugin> p);
  void check_plugins(mistake_list& out) const;
  void check_handlers(mistake_list& out) const;
  void check_own_functions(mistake_list& out) const;

  detail::connection_hooks connection_;
  std::vector<std::shared_ptr<plugin>> plugins_; // shared with the services built from this app
  std::vector<detail::session_provider*> sessions_;
  detail::http_routes http_routes_;
  std::vector<std::function<void(const connection&, connection_notes&)>> describers_;
  std::vector<std::shared_ptr<const detail::connection_mail>> mail_; // shared with the services built from this app
  std::function<bool(connection&, std::string_view, const value&)> push_;
  introspect introspection_ = introspect::on;
  detail::request_hooks introspection_hooks_;
  swill::limits limits_;
  log_sink log_;
  bool debug_ = false;
};

} // namespace swill
