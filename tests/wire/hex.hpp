#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/wire/writer.hpp"

#include <cctype>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>

namespace swill::wire {

inline std::string repeat(std::string_view s, std::size_t n) {
  std::string out;
  for (; n != 0; --n) out += s;
  return out;
}

/// "93 01 c0" -> bytes; spaces are ignored.
inline bytes from_hex(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) digits += c;
  }
  bytes out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned octet = 0;
    const char* end = digits.data() + i + 2;
    if (std::from_chars(digits.data() + i, end, octet, 16).ptr != end)
      throw std::invalid_argument{"not hex: " + digits};
    out.push_back(static_cast<std::byte>(octet));
  }
  if (digits.size() % 2 != 0) throw std::invalid_argument{"odd number of hex digits"};
  return out;
}

/// bytes -> "9301c0"
inline std::string to_hex(bytes_view b) {
  std::string out;
  for (const std::byte octet : b) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[std::to_integer<unsigned>(octet) >> 4];
    out += digits[std::to_integer<unsigned>(octet) & 15];
  }
  return out;
}

/// What `write(writer&)` writes, as hex.
template <class F>
std::string written(F write) {
  buffer out;
  writer to{out};
  write(to);
  return to_hex(out.view());
}

} // namespace swill::wire
