#pragma once

#include "libswill/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace swill {

/// The value of a hex digit in either case; -1 for anything else.
int hex_digit(char c) noexcept;

/// Two lower-case hex digits for each byte.
std::string to_hex(bytes_view data);

/// RFC 4648 §4, with padding.
std::string to_base64(bytes_view data);

/// Also without padding, and in the alphabet of RFC 4648 §5; nothing for what is neither.
std::optional<bytes> from_base64(std::string_view text);

} // namespace swill
