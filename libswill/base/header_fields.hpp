#pragma once

#include "libswill/base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swill {

/// Names and values of header fields, in the order of the wire.
using header_list = std::vector<std::pair<std::string, std::string>>;

} // namespace swill

/// What stands in header fields of a handshake, as RFC 9110 and RFC 6265 say it is read. Views borrow from the field.
namespace swill::header_fields {

/// Names of fields, schemes, hosts and the like: equal but for the case of ASCII letters.
inline bool same_token(std::string_view a, std::string_view b) noexcept { return same_in_any_case(a, b); }

/// What tokens are made of (RFC 9110 §5.6.2).
inline bool is_token_character(char c) noexcept {
  static constexpr word_characters are{"!#$%&'*+-.^_`|~"};
  return are.has(c);
}
/// A token: what names of fields and cookies are.
bool is_token(std::string_view s) noexcept;
/// Whether a field may have that name and value: a token, and no control character but the tab.
bool may_travel(std::string_view name, std::string_view value) noexcept;

/// Without blanks and tabs around it.
inline std::string_view trimmed(std::string_view s) noexcept {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}
/// How many bytes at the front of s are printable ASCII or blanks.
std::size_t printable_length(std::string_view s) noexcept;

/// Calls f with each part of s between separators.
template <class F>
void split(std::string_view s, char separator, F f) {
  for (std::size_t begin = 0; begin < s.size();) {
    const std::size_t end = std::min(s.find(separator, begin), s.size());
    f(s.substr(begin, end - begin));
    begin = end + 1;
  }
}

/// Calls f with the value of each field of that name.
template <class F>
void for_each_value(const header_list& headers, std::string_view name, F f) {
  for (const auto& [key, value] : headers)
    if (same_token(key, name)) f(trimmed(value));
}
/// Calls f with each element of a list, but for the empty ones.
template <class F>
void for_each_element(std::string_view list, F f) {
  split(list, ',', [&f](std::string_view part) {
    if (const auto element = trimmed(part); !element.empty()) f(element);
  });
}
/// The same of a list that may be spread over several fields of that name (RFC 9110 §5.3).
template <class F>
void for_each_element(const header_list& headers, std::string_view name, F f) {
  for_each_value(headers, name, [&f](std::string_view value) { for_each_element(value, f); });
}
/// The values of all fields of that name.
std::vector<std::string_view> values(const header_list& headers, std::string_view name);
/// The value of the only field of that name; nothing where there is none, or where there are several.
std::optional<std::string_view> only_value(const header_list& headers, std::string_view name);
/// The elements that for_each_element has.
std::vector<std::string_view> elements(const header_list& headers, std::string_view name);
/// Whether a list in one field has a token, in any case.
bool list_has(std::string_view list, std::string_view token) noexcept;
/// The same of a list that may be spread over several fields.
bool lists(const header_list& headers, std::string_view name, std::string_view token);

/// The token in the value of an `Authorization` field of the scheme Bearer, in any case and after any number of blanks (RFC 9110 §11.1,
/// §11.4; RFC 6750 §2.1).
std::optional<std::string_view> bearer_token(std::string_view authorization) noexcept;

/// The first element of a list (RFC 9110 §5.6.1): of a field to which each proxy on the way appends, what the one nearest to the client said.
std::string_view first_element(std::string_view list) noexcept;
/// The last one: what the proxy nearest to us said.
std::string_view last_element(std::string_view list) noexcept;

} // namespace swill::header_fields
