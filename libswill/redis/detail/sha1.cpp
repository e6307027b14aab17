#include "libswill/redis/detail/sha1.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace swill::redis::detail {

namespace {

using state = std::array<std::uint32_t, 5>;

/// One block of 64 bytes (FIPS 180-4, 6.1.2).
void add_block(state& h, const unsigned char* block) noexcept {
  std::array<std::uint32_t, 80> w;
  for (std::size_t t = 0; t < 16; ++t) {
    const unsigned char* p = block + 4 * t;
    w[t] = std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
  }
  for (std::size_t t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  auto [a, b, c, d, e] = h;
  for (std::size_t t = 0; t < 80; ++t) {
    std::uint32_t f = 0;
    if (t < 20) {
      f = ((b & c) ^ (~b & d)) + 0x5a827999;
    } else if (t < 40) {
      f = (b ^ c ^ d) + 0x6ed9eba1;
    } else if (t < 60) {
      f = ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
    } else {
      f = (b ^ c ^ d) + 0xca62c1d6;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + w[t];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const state added{a, b, c, d, e};
  for (std::size_t i = 0; i < 5; ++i) h[i] += added[i];
}

} // namespace

std::string sha1_hex(std::string_view text) {
  std::string padded{text};
  padded += '\x80';
  while (padded.size() % 64 != 56) padded += '\0';
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>(bits >> shift & 0xff);

  state h{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t at = 0; at < padded.size(); at += 64)
    add_block(h, reinterpret_cast<const unsigned char*>(padded.data() + at));

  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::uint32_t word : h) {
    for (int shift = 28; shift >= 0; shift -= 4) out += digits[word >> shift & 15];
  }
  return out;
}

} // namespace swill::redis::detail
