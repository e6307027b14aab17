#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace swill::bench {

/// A response envelope whose data is nil or one integer.
struct response {
  enum kind : std::uint8_t { message = 0, end_of_stream = 1, metadata = 2, error = 3 };

  std::uint64_t seq = 0;
  std::int64_t value = 0;
  kind type = message;
};

/// Reads the five elements. Anything but such a response (an ERROR too, for its data is a map) is nothing.
std::optional<response> parse_response(std::string_view envelope) noexcept;

} // namespace swill::bench
