#pragma once

#include "libswill/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace swill::cli {

/// RFC 4648 §4, with padding.
std::string to_base64(bytes_view data);

/// Also without padding, and in the alphabet of §5; nothing for what is neither.
std::optional<bytes> from_base64(std::string_view text);

} // namespace swill::cli
