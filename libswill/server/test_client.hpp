#pragma once

#include "libswill/api/app.hpp"
#include "libswill/base/manual_loop.hpp"
#include "libswill/transport/memory_pipe.hpp"
#include "libswill/wire/envelope.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
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

/// An app in process, without sockets: its real actors on a manual loop, and a client at the other end of a memory pipe. Nothing happens
/// but when the test asks for it, on the test's thread: a function that expects something runs what is ready first, and `advance` turns
/// the clock. Blocking handlers, on_pool and the application's own actors run there too, always in the same order.
class test_server {
public:
  /// The app's limits count as they are; its log goes where it goes. Throws invalid_configuration for mistakes in it (app::validate), and in
  /// the configuration of the actor system, which is as server_options::actor_system. Threads of its modules are threads, and not on the
  /// manual loop.
  explicit test_server(const app& a, std::shared_ptr<caf::actor_system_config> actor_system = nullptr);
  /// In two steps, where the app has handlers that are actors of this server's system().
  explicit test_server(std::shared_ptr<caf::actor_system_config> actor_system = nullptr);
  void serve(const app& a);
  ~test_server();
  test_server& operator=(test_server&&) = delete;

  manual_loop& loop() noexcept { return loop_; }
  actors::runtime& runtime() noexcept { return *runtime_; }
  /// Actors that are spawned here run on the manual loop, and their timeouts by its clock; those that CAF gives a thread of their own
  /// (detached and blocking ones) do not. None may wait for another by blocking this thread: call run() in between.
  caf::actor_system& system();
  /// As server::rebind.
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
  /// Runs everything that is ready.
  void run();
  void advance(clock_duration d);

private:
  friend class test_client;
  manual_loop loop_;
  std::shared_ptr<const detail::service> service_; // shared with the runtime
  std::unique_ptr<actors::runtime> runtime_;
};

/// One connection to a test_server.
class test_client {
public:
  /// One envelope of the server. ERROR arrives as `failure`.
  struct reply {
    wire::response_type type = wire::response_type::message;
    bytes data;
    std::optional<error> failure;
    metadata leading;
    metadata trailing;
    template <class T>
    T as() const {
      T out{};
      std::optional<error> e;
      if (!decode_message(data, limits{}, out, e)) throw std::move(*e);
      return out;
    }
  };

  explicit test_client(test_server& s, handshake_request request = memory_pipe::plain_request());

  /// What to connect with: `test_client c{server, test_client::with_headers({{"Authorization", "Bearer x"}})}`. `target` is path and query.
  static handshake_request with_headers(header_list headers, std::string target = "/ws");

  // How the connection stands, after running what is ready.
  /// Why it was not let in: the HTTP status, the body, the headers. Empty when it was, or when nobody has decided yet.
  std::optional<memory_pipe::rejection> rejected();
  /// The close code that it ended with, by either side; 1006 where it ended without one. Empty while it is open, and when it was rejected.
  std::optional<int> close_code();
  /// The first header of that name, in any case, of the response that accepted or rejected it.
  std::optional<std::string> response_header(std::string_view name);

  // A connection that was rejected or has ended, and nothing left of what it has sent: call, collect and expect throw std::logic_error
  // that says so, with the status or close code.

  /// Calls a unary handler: its result, or throws the error that it answers.
  template <class R = value, class T = nothing>
  R call(std::string_view rpc, const T& data = {}, const metadata& m = {}) {
    return result_of(open(rpc, data, m)).template as<R>();
  }
  /// Calls a handler that streams its response and takes all of it; throws the error that it ends with.
  template <class R = value, class T = nothing>
  std::vector<R> collect(std::string_view rpc, const T& data = {}, const metadata& m = {}) {
    std::vector<R> out;
    for (const reply& r : stream_of(open(rpc, data, m))) out.push_back(r.as<R>());
    return out;
  }

  // Piece by piece. A seq names a request.
  template <class T = nothing>
  std::uint64_t open(std::string_view rpc, const T& data = {}, const metadata& m = {}) {
    return open_raw(rpc, detail::encoded_message(data), wire::request_type::message, m);
  }
  /// A streaming request without a first item.
  std::uint64_t open_stream(std::string_view rpc, const metadata& m = {}) {
    return open_raw(rpc, {}, wire::request_type::metadata, m);
  }
  template <class T>
  void send(std::uint64_t seq, const T& item) {
    send_raw(seq, detail::encoded_message(item), wire::request_type::message);
  }
  void end(std::uint64_t seq) { send_raw(seq, {}, wire::request_type::end_of_stream); }
  void cancel(std::uint64_t seq) { send_raw(seq, {}, wire::request_type::cancel); }
  /// The next message of that request, which must be there: its result or an item. Throws the error that it answers, and std::logic_error
  /// where there is no message, or the stream has ended.
  template <class T = value>
  T expect(std::uint64_t seq) {
    return message_of(seq).template as<T>();
  }
  /// The next envelope of that request that is there, after running what is ready.
  std::optional<reply> receive(std::uint64_t seq);

  memory_pipe& pipe() noexcept { return *pipe_; }

private:
  std::uint64_t open_raw(std::string_view rpc, const bytes& data, wire::request_type type, const metadata& m);
  void send_raw(std::uint64_t seq, const bytes& data, wire::request_type type);
  void take_arrived();
  reply message_of(std::uint64_t seq);
  reply result_of(std::uint64_t seq);
  std::vector<reply> stream_of(std::uint64_t seq);
  /// The handler that this request calls is known, and its request streams.
  bool takes_stream(std::uint64_t seq) const;
  [[noreturn]] void nothing_came(const char* otherwise) const;

  test_server& server_;
  std::unique_ptr<memory_pipe> pipe_;
  std::uint64_t last_seq_ = 0;
  std::map<std::uint64_t, std::string> names_;
  std::map<std::uint64_t, std::deque<reply>> arrived_;
};

} // namespace swill
