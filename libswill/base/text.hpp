#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>

namespace swill {

/// Whether two texts are the same but for the case of the letters of ASCII: tokens of HTTP (RFC 9110 §5.1), schemes (RFC 3986 §3.1), hosts.
inline bool same_in_any_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto same = [lower](char x, char y) { return x == y || lower(x) == lower(y); };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
}

/// Finds texts in a map of std::string without making one: std::unordered_map<std::string, T, text_hash, std::equal_to<>>.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
};

} // namespace swill
