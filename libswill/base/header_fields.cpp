#include "libswill/base/header_fields.hpp"

#include "libswill/base/text.hpp"

namespace swill::header_fields {

bool same_token(std::string_view a, std::string_view b) noexcept { return same_in_any_case(a, b); }

std::string_view trimmed(std::string_view s) noexcept {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

bool is_token(std::string_view s) noexcept {
  constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
  return !s.empty() && std::all_of(s.begin(), s.end(), [extra](char c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || extra.find(c) != std::string_view::npos;
  });
}

bool may_travel(std::string_view name, std::string_view value) noexcept {
  return is_token(name) && std::all_of(value.begin(), value.end(), [](char c) {
           return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
         });
}

std::vector<std::string_view> values(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> all;
  for (const auto& [key, value] : headers)
    if (same_token(key, name)) all.push_back(trimmed(value));
  return all;
}

std::vector<std::string_view> elements(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> all;
  for (const std::string_view value : values(headers, name)) {
    split(value, ',', [&all](std::string_view part) {
      if (const auto element = trimmed(part); !element.empty()) all.push_back(element);
    });
  }
  return all;
}

bool lists(const header_list& headers, std::string_view name, std::string_view token) {
  const auto all = elements(headers, name);
  return std::any_of(all.begin(), all.end(), [token](std::string_view element) { return same_token(element, token); });
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
