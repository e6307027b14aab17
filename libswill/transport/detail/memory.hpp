#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>

namespace swill::transport::detail {

/// What a connection may always keep, however much the others do.
inline constexpr std::size_t least_share = 64 * 1024;

/// What all connections of a server keep, input and output, against limits::server_memory. Each may keep half of what is left, so that
/// many share what few could have; nothing stops at once. From any thread.
class memory_account {
public:
  explicit memory_account(std::size_t limit) noexcept : limit_(limit) {}

  /// Of one connection.
  std::size_t share() const noexcept {
    const std::size_t used = used_.load(std::memory_order_relaxed);
    return std::max(least_share, used < limit_ ? (limit_ - used) / 2 : 0);
  }

  /// What a connection keeps has changed from `before` to `after`; what all keep now.
  std::size_t change(std::size_t before, std::size_t after) noexcept {
    return used_.fetch_add(after - before, std::memory_order_relaxed) + (after - before); // modulo
  }

  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const noexcept { return limit_; }

private:
  const std::size_t limit_;
  alignas(64) std::atomic<std::size_t> used_{0}; // apart from what is read with every message
};

/// Bytes that this process may use: the smaller of the machine's memory and the limits of its control groups, version 1 or 2.
/// `root` stands before /proc and /sys, for tests.
std::size_t usable_memory(const std::string& root = {});

/// limits::server_memory as it is meant: `wanted`, or where that is 0 a share of `usable`; enough for some messages of `largest_message`
/// in either case.
std::size_t server_memory(std::size_t wanted, std::size_t usable, std::size_t largest_message) noexcept;

} // namespace swill::transport::detail
