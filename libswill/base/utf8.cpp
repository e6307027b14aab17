#include "libswill/base/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace swill {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080;

std::uint64_t eight_bytes(const char* p) noexcept {
  std::uint64_t u;
  std::memcpy(&u, p, sizeof u);
  return u;
}

std::uint32_t four_bytes(const char* p) noexcept {
  std::uint32_t u;
  std::memcpy(&u, p, sizeof u);
  return u;
}

/// Whether all of a short text is ASCII: bytes that are looked at twice are the same then.
bool is_short_ascii(const char* p, std::size_t n) noexcept {
  if (n >= 4) return ((four_bytes(p) | four_bytes(p + n - 4)) & static_cast<std::uint32_t>(high_bits)) == 0;
  unsigned all = 0;
  for (std::size_t i = 0; i < n; ++i) all |= static_cast<unsigned char>(p[i]);
  return all < 0x80;
}

} // namespace

bool valid_utf8(std::string_view s) noexcept {
  if (s.size() < 8 && is_short_ascii(s.data(), s.size())) return true;
  const char* p = s.data();
  std::size_t n = s.size();
  while (n != 0) {
    if (n >= 8 && (eight_bytes(p) & high_bits) == 0) {
      p += 8;
      n -= 8;
      if (n < 8 && is_short_ascii(p, n)) return true;
      continue;
    }
    const std::size_t length = utf8_length(p, n);
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
    const std::size_t length = utf8_length(s.data(), s.size());
    out += length == 0 ? std::string_view{"\xEF\xBF\xBD"} : s.substr(0, length);
    s.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

} // namespace swill
