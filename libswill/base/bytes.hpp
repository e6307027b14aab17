#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace swill {

/// Owned binary data: MessagePack's bin. Distinct from std::string (str) and from a vector of integers (array).
using bytes = std::vector<std::byte>;

/// Borrowed binary data; valid as long as what it was taken from.
using bytes_view = std::span<const std::byte>;

/// The same bytes seen as characters, and back. Nothing is copied.
inline std::string_view as_text(bytes_view b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

inline bytes_view as_bytes(std::string_view s) { return {reinterpret_cast<const std::byte*>(s.data()), s.size()}; }

} // namespace swill
