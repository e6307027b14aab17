#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string_view>

namespace swill {

namespace detail {
/// same_in_any_case() of two texts of so many bytes.
bool same_in_any_case(const char* a, const char* b, std::size_t size) noexcept;
} // namespace detail

/// Whether two texts are the same but for the case of the letters of ASCII: tokens of HTTP (RFC 9110 §5.1), schemes (RFC 3986 §3.1), hosts.
inline bool same_in_any_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && (a.empty() || detail::same_in_any_case(a.data(), b.data(), a.size()));
}

/// Letters and digits of ASCII, and others, as a table to look characters up in.
class word_characters {
public:
  constexpr explicit word_characters(std::string_view others) noexcept {
    for (unsigned n = 0; n < 128; ++n) {
      const bool alphanumeric = (n >= '0' && n <= '9') || (n >= 'a' && n <= 'z') || (n >= 'A' && n <= 'Z');
      are_[n] = alphanumeric || others.find(static_cast<char>(n)) != others.npos;
    }
  }
  constexpr bool has(char c) const noexcept { return are_[static_cast<unsigned char>(c)]; }

private:
  std::array<bool, 256> are_{};
};

/// Finds texts in a map of std::string without making one: std::unordered_map<std::string, T, text_hash, std::equal_to<>>.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
};

} // namespace swill
