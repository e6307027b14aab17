#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace swill::detail {

/// A point in time on the wire: seconds since 1970 (UTC, without leap seconds) and nanoseconds below 10^9 after that.
struct instant {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  bool operator==(const instant&) const = default;
};

/// RFC 3339 §5.6, date-time: with an offset, `T` and `Z` in either case, a space for the T too; digits beyond nanoseconds are cut;
/// second 60 counts as the one after. Empty when s is something else.
std::optional<instant> parse_time(std::string_view s) noexcept;

} // namespace swill::detail
