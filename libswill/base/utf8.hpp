#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace swill {

/// The length of the UTF-8 character at p, 0 when none is well-formed there (RFC 3629 §4). n bytes are there, at least 1.
inline std::size_t utf8_length(const char* text, std::size_t n) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text);
  const auto continues = [p](std::size_t i) { return (p[i] & 0xc0) == 0x80; };
  const unsigned first = p[0];
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return n >= 2 && continues(1) ? 2 : 0;
  // The second byte's range rules out overlong forms, surrogates and what is above U+10FFFF.
  unsigned low = 0x80;
  unsigned high = 0xbf;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  const std::size_t length = first < 0xf0 ? 3 : 4;
  if (n < length || p[1] < low || p[1] > high || !continues(2)) return 0;
  return length == 3 || continues(3) ? length : 0;
}

/// The character at p, of that length (RFC 3629 §3).
inline char32_t utf8_character(const char* text, std::size_t length) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text);
  if (length == 1) return p[0];
  char32_t c = p[0] & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) c = (c << 6) | (p[i] & 0x3fU);
  return c;
}

/// Whether s is UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF.
bool valid_utf8(std::string_view s) noexcept;

/// The number of characters (code points) of valid UTF-8.
std::size_t count_code_points(std::string_view valid) noexcept;

/// s with U+FFFD in place of each byte that belongs to no character.
std::string make_valid_utf8(std::string_view s);

} // namespace swill
