#include "libswill/base/printable.hpp"

#include "libswill/base/utf8.hpp"

#include <cstdio>

namespace swill {

bool is_control_character(char32_t c) noexcept {
  if (c < 0xa0) return c < 0x20 || c >= 0x7f;
  return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

std::string printable(std::string_view s, newlines n) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    const std::size_t length = utf8_length(s.data(), s.size());
    const char32_t c = length == 0 ? static_cast<unsigned char>(s.front()) : utf8_character(s.data(), length);
    if (length != 0 && (!is_control_character(c) || (c == '\n' && n == newlines::kept))) {
      out += s.substr(0, length);
    } else {
      char code[16];
      std::snprintf(code, sizeof code, c < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(c));
      out += code;
    }
    s.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

} // namespace swill
