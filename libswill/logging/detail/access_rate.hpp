#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace swill::detail {

/// So many in a second; the others are counted. From any thread, without a lock: where threads meet at the end of a second, a few more may
/// pass.
class access_rate {
public:
  explicit access_rate(std::size_t most) noexcept : most_(most) {}

  /// True for one that is within the rate; `left_out` is then how many were not since the last one that was.
  bool take(std::chrono::steady_clock::time_point now, std::uint64_t& left_out) noexcept {
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (second_.load(std::memory_order_relaxed) != second &&
        second_.exchange(second, std::memory_order_relaxed) != second)
      taken_.store(0, std::memory_order_relaxed);
    if (taken_.fetch_add(1, std::memory_order_relaxed) >= most_) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    left_out = left_out_.load(std::memory_order_relaxed) == 0 ? 0 : left_out_.exchange(0, std::memory_order_relaxed);
    return true;
  }

private:
  const std::size_t most_;
  std::atomic<std::int64_t> second_{0};
  std::atomic<std::size_t> taken_{0};
  std::atomic<std::uint64_t> left_out_{0};
};

} // namespace swill::detail
