#include "libswill/base/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <openssl/evp.h>
#include <stdexcept>

namespace swill {

namespace {

const unsigned char* octets(const void* data) noexcept { return static_cast<const unsigned char*>(data); }

/// libcrypto counts in int.
int size_of(std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2))
    throw std::length_error("too long for base64");
  return static_cast<int>(size);
}

} // namespace

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string to_hex(bytes_view data) {
  static constexpr auto pairs = [] {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> all{};
    for (unsigned n = 0; n < 256; ++n) all[n] = {digits[n >> 4], digits[n & 15]};
    return all;
  }();
  std::string out(2 * data.size(), '\0');
  char* to = out.data();
  for (const std::byte b : data) {
    std::memcpy(to, pairs[std::to_integer<unsigned>(b)].data(), 2);
    to += 2;
  }
  return out;
}

std::string to_base64(bytes_view data) {
  const int size = size_of(data.size());
  std::string out((data.size() + 2) / 3 * 4, '\0'); // libcrypto writes a '\0' where the string's own stands
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), octets(data.data()), size);
  return out;
}

std::optional<bytes> from_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string padded{text};
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  if (text.size() % 4 == 1 || padded.find_first_not_of(alphabet) != std::string::npos) return std::nullopt;
  const std::size_t missing = (4 - text.size() % 4) % 4;
  padded.append(missing, '=');
  bytes out(padded.size() / 4 * 3);
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), octets(padded.data()), size_of(padded.size()));
  out.resize(out.size() - missing);
  return out;
}

} // namespace swill
