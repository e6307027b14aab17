#include "libswill/wire/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace swill::wire {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080;

std::uint64_t eight_bytes(const char* p) noexcept {
  std::uint64_t u;
  std::memcpy(&u, p, sizeof u);
  return u;
}

/// The length of the character at p, 0 when none is well-formed there (RFC 3629 §4). n bytes are there, at least 1.
std::size_t character_length(const char* text, std::size_t n) noexcept {
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

} // namespace

bool valid_utf8(std::string_view s) noexcept {
  const char* p = s.data();
  std::size_t n = s.size();
  while (n != 0) {
    if (n >= 8 && (eight_bytes(p) & high_bits) == 0) {
      p += 8;
      n -= 8;
      continue;
    }
    const std::size_t length = character_length(p, n);
    if (length == 0) return false;
    p += length;
    n -= length;
  }
  return true;
}

std::size_t count_code_points(std::string_view valid) noexcept {
  std::size_t count = 0;
  for (const char c : valid) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

std::string make_valid_utf8(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    const std::size_t length = character_length(s.data(), s.size());
    out += length == 0 ? std::string_view{"\xEF\xBF\xBD"} : s.substr(0, length);
    s.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

} // namespace swill::wire
