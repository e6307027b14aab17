#include "libswill/base/header_fields.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace swill::header_fields {

std::size_t printable_length(std::string_view s) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  std::size_t n = 0;
  for (std::uint64_t u = 0; s.size() - n >= sizeof u; n += sizeof u) {
    std::memcpy(&u, s.data() + n, sizeof u);
    // A high bit is set where a byte has it, is 0x7f, or is below 0x20 or after one that is.
    if (((u | (u + each) | (u - each * 0x20)) & each * 0x80) != 0) break;
  }
  while (n != s.size() && s[n] >= ' ' && s[n] < 0x7f) ++n;
  return n;
}

bool is_token(std::string_view s) noexcept { return !s.empty() && std::all_of(s.begin(), s.end(), is_token_character); }

bool may_travel(std::string_view name, std::string_view value) noexcept {
  static constexpr auto controls = [] {
    std::array<bool, 256> are{};
    for (unsigned c = 0; c < 0x20; ++c) are[c] = c != '\t';
    are[0x7f] = true;
    return are;
  }();
  value.remove_prefix(printable_length(value)); // mostly all of it
  return is_token(name) &&
         std::none_of(value.begin(), value.end(), [](char c) { return controls[static_cast<unsigned char>(c)]; });
}

std::vector<std::string_view> values(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> all;
  for_each_value(headers, name, [&all](std::string_view value) { all.push_back(value); });
  return all;
}

std::optional<std::string_view> only_value(const header_list& headers, std::string_view name) {
  std::optional<std::string_view> found;
  std::size_t count = 0;
  for_each_value(headers, name, [&](std::string_view value) {
    found = value;
    ++count;
  });
  return count == 1 ? found : std::nullopt;
}

std::vector<std::string_view> elements(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> all;
  for_each_element(headers, name, [&all](std::string_view element) { all.push_back(element); });
  return all;
}

bool list_has(std::string_view list, std::string_view token) noexcept {
  bool found = false;
  for_each_element(list, [&](std::string_view element) { found = found || same_token(element, token); });
  return found;
}

bool lists(const header_list& headers, std::string_view name, std::string_view token) {
  bool found = false;
  for_each_value(headers, name, [&](std::string_view value) { found = found || list_has(value, token); });
  return found;
}

std::optional<std::string_view> bearer_token(std::string_view authorization) noexcept {
  const std::string_view all = trimmed(authorization);
  const std::size_t scheme = std::min(all.find_first_of(" \t"), all.size());
  const std::string_view token = trimmed(all.substr(scheme));
  if (token.empty() || !same_token(all.substr(0, scheme), "Bearer")) return std::nullopt;
  return token;
}

std::string_view first_element(std::string_view list) noexcept { return trimmed(list.substr(0, list.find(','))); }

std::string_view last_element(std::string_view list) noexcept {
  return trimmed(list.substr(list.rfind(',') + 1)); // npos + 1: all of it
}

} // namespace swill::header_fields
