#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace swill::bench {

/// Latencies in nanoseconds, in buckets that are never wider than 1/32 of their value: 18 KB whatever is recorded.
class histogram {
public:
  void record(std::uint64_t ns, std::uint64_t count = 1) noexcept {
    counts_[index_of(ns)] += count;
    total_ += count;
  }

  /// The middle of the bucket in which the value at `fraction` (0.99 for p99) lies; 0 when nothing was recorded.
  double quantile(double fraction) const noexcept {
    const auto rank = static_cast<std::uint64_t>(fraction * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > rank) return middle_of(i);
    }
    return 0;
  }

  std::uint64_t total() const noexcept { return total_; }
  void clear() noexcept { *this = {}; }

private:
  static constexpr unsigned bits = 5; // 32 buckets for each power of two
  static constexpr std::size_t size = (64 - bits) << bits;

  static std::size_t index_of(std::uint64_t ns) noexcept {
    if (ns < (1u << bits)) return ns;
    const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - bits;
    return std::min<std::size_t>(((shift + 1) << bits) + ((ns >> shift) & ((1u << bits) - 1)), size - 1);
  }

  static double middle_of(std::size_t index) noexcept {
    if (index < (1u << bits)) return static_cast<double>(index);
    const auto shift = (index >> bits) - 1;
    const auto low = ((1ull << bits) + (index & ((1u << bits) - 1))) << shift;
    return static_cast<double>(low) + static_cast<double>(1ull << shift) / 2;
  }

  std::array<std::uint64_t, size> counts_{};
  std::uint64_t total_ = 0;
};

} // namespace swill::bench
