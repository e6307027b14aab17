#pragma once

#include <atomic>
#include <cstdint>
#include <map>

namespace swill::transport {

/// What a server has counted since it started; `open` is now. Sums over its loops, each a little later than the one before.
struct statistics {
  std::uint64_t accepted = 0;            ///< TCP or Unix connections
  std::uint64_t open = 0;                ///< of those, still there
  std::uint64_t upgraded = 0;            ///< became WebSocket connections
  std::map<int, std::uint64_t> rejected; ///< HTTP status of the others that got an answer
  std::uint64_t turned_away =
      0; ///< closed without an answer: far beyond capacity, or silent until the handshake timeout
  std::uint64_t closed_normally = 0;       ///< 1000, 1001, 1005
  std::uint64_t closed_for_error = 0;      ///< 1002 to 1011 without 1005 and 1006
  std::uint64_t closed_by_application = 0; ///< 3000 to 4999
  std::uint64_t dropped = 0;               ///< 1006: without a close frame
  std::uint64_t slow_readers = 0;          ///< of those, by limits::slow_reader_timeout
  std::uint64_t ping_timeouts = 0;         ///< of those, by limits::ping_timeout
  std::uint64_t exceptions = 0;            ///< that ended a connection
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t sends = 0; ///< system calls that took bytes_out
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t kept = 0; ///< bytes of input and output that connections keep now, about (limits::server_memory)
};

namespace detail {

/// Counted on one thread, read on any.
class counter {
public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// What one loop counts.
struct counters {
  counter accepted, upgraded, turned_away, closed_normally, closed_for_error, closed_by_application, dropped,
      slow_readers, ping_timeouts, exceptions, bytes_in, bytes_out, sends, messages_in, messages_out;
  counter rejected[600]; // by status; index 0: statuses that are none
};

} // namespace detail

} // namespace swill::transport
