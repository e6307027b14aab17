#pragma once

#include <atomic>
#include <cstdint>
#include <map>

namespace swill::transport {

/// What a server has counted since it started; `open` and `kept` are as of now. Sums over its loops, each a little later than the one before.
/// Numbers in the comments are WebSocket close codes, but for `rejected`.
struct statistics {
  /// TCP and Unix connections that were accepted.
  std::uint64_t accepted = 0;
  /// Those of them that are still there.
  std::uint64_t open = 0;
  /// Connections that became WebSocket connections.
  std::uint64_t upgraded = 0;
  /// Connections that were answered otherwise, `/ready` included, by the HTTP status of the answer.
  std::map<int, std::uint64_t> rejected;
  /// HTTP requests that a path of the application or a file answered, by the status of the answer.
  std::map<int, std::uint64_t> answered;
  /// Connections that were closed without an answer: far beyond limits::connections, with hardly a descriptor left, or silent
  /// for limits::handshake_timeout.
  std::uint64_t turned_away = 0;
  /// WebSocket connections that ended with 1000, 1001 or 1005.
  std::uint64_t closed_normally = 0;
  /// WebSocket connections that ended with 1002 to 1011, without 1005 and 1006.
  std::uint64_t closed_for_error = 0;
  /// WebSocket connections that ended with 3000 to 4999.
  std::uint64_t closed_by_application = 0;
  /// WebSocket connections that ended without a close frame (1006).
  std::uint64_t dropped = 0;
  /// Those of `dropped` that limits::slow_reader_timeout ended.
  std::uint64_t slow_readers = 0;
  /// Those of `dropped` that limits::ping_timeout ended.
  std::uint64_t ping_timeouts = 0;
  /// Connections that an exception ended.
  std::uint64_t exceptions = 0;
  /// TLS handshakes that were done.
  std::uint64_t tls_handshakes = 0;
  /// Those of them that went on from a session before.
  std::uint64_t tls_resumed = 0;
  /// What they have cost the I/O threads, in nanoseconds.
  std::uint64_t tls_nanoseconds = 0;
  /// Connections that ended because TLS failed, most of them in its handshake.
  std::uint64_t tls_failures = 0;
  /// Bytes that were received, frames and handshakes included, without what TLS adds.
  std::uint64_t bytes_in = 0;
  /// Bytes that were sent, frames and handshakes included, without what TLS adds.
  std::uint64_t bytes_out = 0;
  /// System calls that sent `bytes_out`.
  std::uint64_t sends = 0;
  /// WebSocket messages that were received whole.
  std::uint64_t messages_in = 0;
  /// WebSocket messages that were queued to be sent.
  std::uint64_t messages_out = 0;
  /// Bytes of input and output that connections keep now, about; limits::server_memory bounds them.
  std::uint64_t kept = 0;
};

namespace detail {

/// Counted on one thread, read on any.
class counter {
public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) noexcept { add(0 - n); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// What one loop counts.
struct counters {
  counter accepted, upgraded, turned_away, closed_normally, closed_for_error, closed_by_application, dropped,
      slow_readers, ping_timeouts, exceptions, tls_handshakes, tls_resumed, tls_nanoseconds, tls_failures, bytes_in,
      bytes_out, sends, messages_in, messages_out, answering;
  counter rejected[600]; // by status; index 0: statuses that are none
  counter answered[600];
};

} // namespace detail

} // namespace swill::transport
