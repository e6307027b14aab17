#include "apps/cli/base64.hpp"

#include <cstdint>

namespace swill::cli {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::size_t digit_of(char c) {
  if (c == '-') return 62;
  if (c == '_') return 63;
  return alphabet.find(c);
}

} // namespace

std::string to_base64(bytes_view data) {
  std::string out;
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

std::optional<bytes> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  bytes out;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t digit = digit_of(c);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6U | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::byte>(group >> bits));
  }
  return out;
}

} // namespace swill::cli
