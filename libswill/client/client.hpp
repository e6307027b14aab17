#pragma once

#include "libswill/client/call.hpp"
#include "libswill/client/errors.hpp"
#include "libswill/client/options.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace swill {

/// One connection to a server, and any number of calls over it at once (docs/client.md). Its coroutines run on one loop, and everything
/// here belongs to that loop's thread; blocking_client is for other threads. All requests of one turn leave in one send. When the client
/// goes, its calls end with connection_lost, and the connection closes with 1000 in the background.
class client {
public:
  /// Connects on the loop of the coroutine that awaits it, which must be a net::event_loop (as in servers, run_client() and
  /// blocking_client) and outlive the client. `url`: "ws://host:port/path?query", the same with wss:// for TLS, or "unix:PATH". Throws connect_error; cancelled, it
  /// gives up at once.
  static task<client> connect(std::string url, client_options o = {});

  /// The same without a socket, on any loop: `g` is asked for the handshake, as a server's transport would. For tests; `g` must live
  /// until the client and the loop's posted work are gone.
  static task<client> connect(gate& g, handshake_request request, client_options o = {});

  client(client&&) = default;
  client& operator=(client&& other) noexcept;
  ~client();

  /// `int sum = co_await c.call<int>("add", std::pair{1, 2});` A unary call. It starts when it is awaited, and waits first while the
  /// output is over its limit. Errors as client_call::result. Destroyed or cancelled: CANCEL.
  template <class R = void>
  task<R> call(std::string rpc) const {
    return client_detail::run_call<R, nothing>(connection_, std::move(rpc), nothing{}, call_options{});
  }
  template <class R = void, class T>
  task<R> call(std::string rpc, T&& data, call_options o = {}) const {
    static_assert(
        !detail::fragile_temporary<T>,
        "g++ 12 would destroy this temporary twice; name it first: order o{...}; co_await c.call<int>(\"place\", o);");
    using as = client_detail::as_message<std::decay_t<T>>;
    return client_detail::run_call<R, as>(connection_, std::move(rpc), as(std::forward<T>(data)), std::move(o));
  }

  // These send the beginning of the request at once, whatever the output holds. All throw connection_lost without a connection, and
  // encode_error for what has no form on the wire.

  /// A unary call to look at: its metadata, its progress.
  template <class R = void, class T = nothing>
  client_call<R> start(std::string_view rpc, T&& data = {}, const call_options& o = {}) const {
    static_assert(
        !detail::fragile_temporary<T>,
        "g++ 12 would destroy this temporary twice; name it first: order o{...}; c.start<int>(\"place\", o);");
    return client_call<R>{open(rpc, detail::to_message(data), o, false)};
  }
  /// A call of a handler that streams its response. Called so, a unary handler looks like a stream that does not end after its item.
  template <class R, class T = nothing>
  client_stream<R> stream(std::string_view rpc, T&& data = {}, const call_options& o = {}) const {
    static_assert(
        !detail::fragile_temporary<T>,
        "g++ 12 would destroy this temporary twice; name it first: order o{...}; c.stream<int>(\"watch\", o);");
    return client_stream<R>{open(rpc, detail::to_message(data), o, true)};
  }
  /// A call of a handler that takes a stream.
  template <class T, class R = void>
  client_upload<T, R> upload(std::string_view rpc, const call_options& o = {}) const {
    return client_upload<T, R>{open(rpc, o, false)};
  }
  /// A call of a handler that takes a stream and gives one.
  template <class T, class R>
  client_duplex<T, R> duplex(std::string_view rpc, const call_options& o = {}) const {
    return client_duplex<T, R>{open(rpc, o, true)};
  }

  /// A round trip of WebSocket ping and pong, which no handler sees. Throws connection_lost.
  task<std::chrono::nanoseconds> ping() const;

  /// Starts the close handshake after what is queued. Open calls end with connection_lost when it is over.
  void close(int code = 1000, std::string_view reason = {}) const;
  /// Waits for the connection's end, whoever ends it, and says how.
  task<close_reason> closed() const;

  bool is_open() const noexcept;
  /// How it ended, or null while it has not.
  const close_reason* close_status() const noexcept;
  /// Of the server's answer to the upgrade.
  const header_list& response_headers() const noexcept;
  std::size_t open_calls() const noexcept;
  swill::loop& loop() const noexcept;

private:
  explicit client(std::shared_ptr<client_detail::client_connection> c) noexcept : connection_(std::move(c)) {}
  static task<client> wait_for(client c);

  template <class T>
  std::unique_ptr<client_detail::open_call> open(std::string_view rpc, const T& data, const call_options& o,
                                                 bool streams) const {
    auto c = std::make_unique<client_detail::open_call>(connection_, rpc, o, streams);
    c->open_message(client_detail::encode_for(*connection_, data));
    return c;
  }
  std::unique_ptr<client_detail::open_call> open(std::string_view rpc, const call_options& o, bool streams) const;

  std::shared_ptr<client_detail::client_connection> connection_; // shared with the calls
};

} // namespace swill
