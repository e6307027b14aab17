#include "libswill/client/detail/accept.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace swill::client_detail {

namespace {

using digest = std::array<std::uint32_t, 5>;

void add_block(digest& h, const unsigned char* block) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 4; ++j) w[i] = w[i] << 8U | block[4 * i + j];
  }
  for (std::size_t i = 16; i < w.size(); ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = h;
  for (std::size_t i = 0; i < w.size(); ++i) {
    std::uint32_t f = 0;
    std::uint32_t k = 0;
    if (i < 20) {
      f = (b & c) | (~b & d);
      k = 0x5a827999;
    } else if (i < 40) {
      f = b ^ c ^ d;
      k = 0x6ed9eba1;
    } else if (i < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8f1bbcdc;
    } else {
      f = b ^ c ^ d;
      k = 0xca62c1d6;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
}

/// FIPS 180-4 §6.1. Only for what RFC 6455 wants it for: it proves nothing about secrets.
std::array<std::byte, 20> sha1(std::string_view text) {
  digest h{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::string padded{text};
  padded.push_back('\x80');
  while (padded.size() % 64 != 56) padded.push_back('\0');
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  for (unsigned shift = 64; shift != 0; shift -= 8) padded.push_back(static_cast<char>(bits >> (shift - 8)));
  for (std::size_t at = 0; at < padded.size(); at += 64)
    add_block(h, reinterpret_cast<const unsigned char*>(padded.data()) + at);
  std::array<std::byte, 20> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(h[i / 4] >> (24 - 8 * (i % 4)));
  return out;
}

} // namespace

std::string base64(bytes_view data) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const auto octet = [&](std::size_t j) {
      return i + j < data.size() ? std::to_integer<std::uint32_t>(data[i + j]) : 0U;
    };
    const std::uint32_t group = octet(0) << 16U | octet(1) << 8U | octet(2);
    out.push_back(alphabet[group >> 18U]);
    out.push_back(alphabet[group >> 12U & 63U]);
    out.push_back(i + 1 < data.size() ? alphabet[group >> 6U & 63U] : '=');
    out.push_back(i + 2 < data.size() ? alphabet[group & 63U] : '=');
  }
  return out;
}

std::string accept_of(std::string_view key) {
  return base64(sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

} // namespace swill::client_detail
