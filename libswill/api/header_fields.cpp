#include "libswill/api/header_fields.hpp"

#include "libswill/base/text.hpp"

namespace swill::header_fields {

bool same_token(std::string_view a, std::string_view b) noexcept { return same_in_any_case(a, b); }

std::string_view trimmed(std::string_view s) noexcept {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
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
