#pragma once

#include "libswill/api/app.hpp"
#include "libswill/transport/listener.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caf {
class actor_system;
class actor_system_config;
} // namespace caf

namespace swill {

namespace actors {
class runtime;
}
namespace transport {
struct statistics;
}

struct server_options {
  /// Addresses, or listeners that say more; one may stand without braces. A `std::vector<std::string>` is taken, too.
  listeners listen{"127.0.0.1:8080"};
  /// Path of the WebSocket endpoint.
  std::string path = "/ws";
  /// Origins that browsers may come from, such as "https://example.org", "https://*.example.org" (names below it) or "*"; empty: any.
  std::vector<std::string> origins{};
  /// Threads for connections, each with its own; 0: one for each core.
  std::size_t io_threads = 0;
  /// Threads of the worker pool, for blocking handlers and on_pool; 0: as many as cores, at least 4.
  std::size_t workers = 0;
  /// Also serves "/echo", a plain WebSocket echo for conformance suites.
  bool test_echo = false;
  /// Bytes of one TCP connection that the kernel takes before it can send them (TCP_NOTSENT_LOWAT); 0: as many as it likes, on Linux up
  /// to 4 MB. Few keep small what a client that does not read costs, and what still comes after a CANCEL; streams then wake up more often.
  std::size_t kernel_unsent = 256 * 1024;
  /// Public listeners answer `/livez` and `/readyz`, too, as internal ones always do.
  bool health = false;
  /// stop() and run() wait for functions of the application that do not end, instead of leaving them behind.
  bool waits_for_functions = false;
  /// The configuration of the server's actor system, which may bring message types, modules, thread hooks and settings of its logger
  /// (docs/actors.md); null: CAF's own. It belongs to one server, and lives as long as its actor system. It must not bring a scheduler, or
  /// settings of one but scheduler.max-throughput: invalid_configuration.
  std::shared_ptr<caf::actor_system_config> actor_system{};
};

/// Adds what in the options makes no sense, under the path "server_options.NAME".
void check(const server_options& o, mistake_list& out);

/// An app on its sockets: I/O threads, worker pool, actors, WebSocket endpoint. Owns its threads; no global state, so several can live in
/// one process. The functions may be called from one thread at a time, not from handlers.
class server {
public:
  /// `a` must live until start(). Threads start here, so that handler actors can be spawned on system() before the app is complete. Throws
  /// invalid_configuration, before there is any thread, with all mistakes in the options, and those that the app has so far beside them.
  explicit server(app& a, server_options options = {});

  /// As stop().
  ~server();

  /// Takes a copy of what the app holds and listens. Raises the process' soft limit of descriptors to its hard one; where that is too few
  /// for limits::connections, fewer connections are taken, and a line in the log says how many. Throws invalid_configuration
  /// with all mistakes in the app (app::validate), also when there is neither an address to listen at nor a plugin that brings clients;
  /// std::system_error when an address cannot be had.
  void start();

  /// Takes no new clients (HTTP 503), lets open requests finish for limits::drain_timeout, then cancels the rest and closes every connection with 1001.
  /// Hooks that run after a request or a connection may take most of limits::close_timeout more. True when all of it has ended. Returns
  /// false when both times are over and functions of the application still run: the log names them; they go on with all of the server that
  /// they may use, which stays in memory. What else they refer to must live as long as they run. Again: does nothing.
  bool stop();

  /// start(), calls on_ready, waits for SIGINT or SIGTERM, then stop(), during which another such signal ends the process. When stop()
  /// leaves functions behind, run() does not return but ends the process by std::quick_exit(EXIT_SUCCESS): the objects of main that they
  /// use would go under them.
  /// SIGHUP is reload(), with a line in the log where there is nothing to reload; SIGPIPE, SIGUSR1 and SIGUSR2 are ignored. A signal that the application has a handler for,
  /// or that it ignores or blocks, stays as it is, but for SIGINT and SIGTERM. Threads that the application started before must block both
  /// of these.
  void run(const std::function<void(server&)>& on_ready = {});
  /// Returns when the process gets SIGINT or SIGTERM, which then do nothing else.
  static void wait_for_signal();

  /// Reads the files of TLS again, now: new connections get what they say, open ones keep what they have. What cannot be used is a line in the log,
  /// and what was there before goes on. False when there is nothing to read again: no listener has TLS, or the server has not started.
  bool reload();

  /// Where its public listeners are, with real ports.
  std::vector<std::string> addresses() const;
  /// What clients connect to, in the same order: "ws://127.0.0.1:8080/ws", "wss://…", "unix:PATH".
  std::vector<std::string> urls() const;
  /// Where its internal listeners are, with real ports.
  std::vector<std::string> internal_addresses() const;
  /// Port of the first TCP address of a public listener, or 0.
  std::uint16_t port() const;

  caf::actor_system& system();
  actors::runtime& runtime();

  /// Calls of that name go to this CAF actor from now on. The one before answers those that it has, then it is told to end (user_shutdown), and
  /// killed after restart_policy::stop_timeout, unless it serves another name as well or is of another actor system. Throws
  /// std::invalid_argument for a name that no single actor serves, and for an actor of another type. Needs "actors/handle_actor.hpp".
  template <class Handle>
  void rebind(std::string_view name, const Handle& to) {
    rebind_handler(runtime(), name, to);
  }
  /// The request_handle of an open request, by the id that context::id has given, or call_info, or a list; empty: there is none. From any thread.
  /// Needs "actors/handles.hpp".
  template <class Id>
  auto find_request(const Id& id) {
    return request_of(runtime(), id);
  }
  /// The connection_handle of an open connection, by its id; `find_connection<ban>(id)` as connection::actor. Empty: there is none. From any
  /// thread. Needs "actors/handles.hpp".
  template <class... Messages, class Id>
  auto find_connection(const Id& id) {
    return connection_of<Messages...>(runtime(), id);
  }
  transport::statistics statistics() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace swill
