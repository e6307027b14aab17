#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

/// One unmasked WebSocket frame at the front of a buffer.
struct server_frame {
  enum opcode : std::uint8_t { binary = 2, close = 8, ping = 9, pong = 10 };

  std::uint8_t code = 0;
  bool final = false;
  std::string_view payload;
  std::size_t size = 0; // header included

  /// Nothing while the frame is incomplete.
  static std::optional<server_frame> parse(std::string_view buffer) noexcept;
};

} // namespace swill::bench
