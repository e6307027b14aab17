#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace swill::apps {

/// Durations counted in buckets that are 3 % wide at most.
class latencies {
public:
  void add(std::chrono::nanoseconds d) noexcept {
    ++counts_[bucket_of(static_cast<std::uint64_t>(d.count() < 0 ? 0 : d.count()))];
    ++total_;
  }
  std::uint64_t count() const noexcept { return total_; }

  /// The duration that a share of all, from 0 to 1, did not exceed.
  std::chrono::nanoseconds quantile(double share) const noexcept {
    const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > rank || (seen == total_ && seen != 0)) return std::chrono::nanoseconds{upper_of(i)};
    }
    return {};
  }

private:
  static constexpr unsigned precision = 5; // 32 buckets for each power of two

  static std::size_t bucket_of(std::uint64_t ns) noexcept {
    if (ns < (1U << precision)) return static_cast<std::size_t>(ns);
    const unsigned exponent = static_cast<unsigned>(std::bit_width(ns)) - 1 - precision;
    return (std::size_t{exponent} << precision) + static_cast<std::size_t>(ns >> exponent);
  }
  static std::int64_t upper_of(std::size_t bucket) noexcept {
    if (bucket < (2U << precision)) return static_cast<std::int64_t>(bucket);
    const std::size_t exponent = (bucket >> precision) - 1;
    const std::uint64_t mantissa = (bucket & ((1U << precision) - 1)) | (1U << precision);
    return static_cast<std::int64_t>(((mantissa + 1) << exponent) - 1);
  }

  std::array<std::uint64_t, (64 - precision) << precision> counts_{};
  std::uint64_t total_ = 0;
};

} // namespace swill::apps
