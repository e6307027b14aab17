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
