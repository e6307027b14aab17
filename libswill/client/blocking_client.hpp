#pragma once

#include "libswill/base/result.hpp"
#include "libswill/client/blocking_call.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace swill {

/// A client for code without coroutines: each function blocks its thread until it has what it was asked for. Any number of threads may
/// use one at the same time; all their calls share its one connection and its one I/O thread. Not from a handler on an I/O thread: use
/// client there.
class blocking_client {
public:
  /// Connects; throws connect_error. `url` as client::connect.
  explicit blocking_client(std::string url, client_options o = {})
      : background_(std::make_shared<client_detail::background>(std::move(url), std::move(o))) {}

  /// Closes the connection, when the streams and uploads made here have gone too. No other thread may be in a function by then.
  ~blocking_client() = default;
  blocking_client(blocking_client&&) = default;

  /// A unary call. Throws as client_call::result.
  template <class R = void, class T = nothing>
  R call(std::string_view rpc, const T& data = {}, const call_options& o = {}) {
    return background_->run([&]() -> task<R> { return background_->connection().call<R>(std::string{rpc}, data, o); });
  }
  /// The same, with the error as a value.
  template <class R = void, class T = nothing>
  result<R> try_call(std::string_view rpc, const T& data = {}, const call_options& o = {}) {
    try {
      if constexpr (std::is_void_v<R>) {
        call<R>(rpc, data, o);
        return {};
      } else {
        return call<R>(rpc, data, o);
      }
    } catch (const error& e) {
      return e;
    }
  }

  /// `for (order& o : c.stream<order>("watch", "all"))`
  template <class R, class T = nothing>
  blocking_stream<R> stream(std::string_view rpc, const T& data = {}, const call_options& o = {}) {
    return blocking_stream<R>{background_, make([&](client& c) { return c.stream<R>(rpc, data, o); })};
  }
  template <class T, class R = void>
  blocking_upload<T, R> upload(std::string_view rpc, const call_options& o = {}) {
    return blocking_upload<T, R>{background_, make([&](client& c) { return c.upload<T, R>(rpc, o); })};
  }
  template <class T, class R>
  blocking_duplex<T, R> duplex(std::string_view rpc, const call_options& o = {}) {
    return blocking_duplex<T, R>{background_, make([&](client& c) { return c.duplex<T, R>(rpc, o); })};
  }

  /// A round trip of WebSocket ping and pong. Throws connection_lost.
  std::chrono::nanoseconds ping() {
    return background_->run([this] { return background_->connection().ping(); });
  }

  /// Ends the connection: whatever other threads wait for ends with connection_lost.
  close_reason close(int code = 1000, std::string_view reason = {}) {
    return background_->run([&]() -> task<close_reason> {
      background_->connection().close(code, reason);
      return background_->connection().closed();
    });
  }

  /// How the connection ended; empty while it has not.
  std::optional<close_reason> close_status() const {
    return background_->run([this]() -> task<std::optional<close_reason>> {
      const close_reason* why = background_->connection().close_status();
      co_return why != nullptr ? std::optional{*why} : std::nullopt;
    });
  }

private:
  template <class F>
  auto make(const F& f) {
    using call_type = std::invoke_result_t<const F&, client&>;
    return background_->run([&]() -> task<std::shared_ptr<call_type>> {
      co_return std::make_shared<call_type>(f(background_->connection()));
    });
  }

  std::shared_ptr<client_detail::background> background_; // shared with the calls that were made here
};

} // namespace swill
