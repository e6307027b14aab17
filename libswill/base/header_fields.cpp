#include "libswill/base/header_fields.hpp"

#include "libswill/base/text.hpp"

namespace swill::header_fields {

bool same_token(std::string_view a, std::string_view b) noexcept { return same_in_any_case(a, b); }

std::string_view trimmed(std::string_view s) noexcept {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

bool is_token(std::string_view s) noexcept { return !s.empty() && std::all_of(s.begin(), s.end(), is_token_character); }

bool may_travel(std::string_view name, std::string_view value) noexcept {
  static constexpr auto controls = [] {
    std::array<bool, 256> are{};
    for (unsigned c = 0; c < 0x20; ++c) are[c] = c != '\t';
    are[0x7f] = true;
    return are;
  }();
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

namespace {

template <class F>
void for_each_element(const header_list& headers, std::string_view name, F f) {
  for_each_value(headers, name, [&f](std::string_view value) {
    split(value, ',', [&f](std::string_view part) {
      if (const auto element = trimmed(part); !element.empty()) f(element);
    });
  });
}

} // namespace

std::vector<std::string_view> elements(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> all;
  for_each_element(headers, name, [&all](std::string_view element) { all.push_back(element); });
  return all;
}

bool lists(const header_list& headers, std::string_view name, std::string_view token) {
  bool found = false;
  for_each_element(headers, name, [&](std::string_view element) { found = found || same_token(element, token); });
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
