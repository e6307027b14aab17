#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace swill::wire {

/// Whether s is UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF.
bool valid_utf8(std::string_view s) noexcept;

/// The number of characters (code points) of valid UTF-8.
std::size_t count_code_points(std::string_view valid) noexcept;

/// s with U+FFFD in place of each byte that belongs to no character.
std::string make_valid_utf8(std::string_view s);

} // namespace swill::wire
