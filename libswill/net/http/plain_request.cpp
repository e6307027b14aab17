#include "libswill/net/http/plain_request.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace swill::net::http {

namespace {

using header_fields::is_token_character;
using header_fields::same_token;

// A head that is longer, or has more fields, is nobody's usual one, and the fields are compared each with each.
constexpr std::size_t longest = 4096;
constexpr std::size_t most_fields = 32;

bool is_printable(char c) noexcept { return c > ' ' && c < 0x7f; }

/// Takes all characters of a kind from the front.
template <bool (*Is)(char) noexcept>
std::string_view take_all(std::string_view& from) noexcept {
  const char* at = from.data();
  for (const char* const end = at + from.size(); at != end && Is(*at);) ++at;
  const std::string_view taken{from.data(), static_cast<std::size_t>(at - from.data())};
  from.remove_prefix(taken.size());
  return taken;
}

/// Takes what may stand in a value from the front.
std::string_view take_value(std::string_view& from) noexcept {
  const std::string_view taken = from.substr(0, header_fields::printable_length(from));
  from.remove_prefix(taken.size());
  return taken;
}

bool take_line_end(std::string_view& from) noexcept {
  if (from.size() < 2 || from[0] != '\r' || from[1] != '\n') return false;
  from.remove_prefix(2);
  return true;
}

bool take(std::string_view& from, char what) noexcept {
  if (from.empty() || from.front() != what) return false;
  from.remove_prefix(1);
  return true;
}

template <std::size_t Size>
bool take(std::string_view& from, const char (&what)[Size]) noexcept {
  constexpr std::size_t length = Size - 1; // known here, so that it is no call to compare as much
  if (from.size() < length || std::memcmp(from.data(), what, length) != 0) return false;
  from.remove_prefix(length);
  return true;
}

/// Tokens with a comma, and perhaps a blank, between them.
bool is_plain_list(std::string_view s) noexcept {
  while (!take_all<is_token_character>(s).empty()) {
    if (s.empty()) return true;
    if (!take(s, ',')) return false;
    take(s, ' ');
  }
  return false;
}

/// Whether a field means nothing for the head itself.
bool is_plain(std::string_view name, std::string_view value) noexcept {
  if (same_token(name, "Connection")) return is_plain_list(value);
  return !same_token(name, "Content-Length") && !same_token(name, "Transfer-Encoding") &&
         !same_token(name, "Proxy-Connection");
}

} // namespace

std::size_t read_plain_request(std::string_view input, request& to) {
  std::string_view rest = input.substr(0, longest);
  const std::size_t seen = rest.size();
  if (!take(rest, "GET ")) return 0;
  const std::string_view target = take_all<is_printable>(rest);
  if (!target.starts_with('/') || !take(rest, " HTTP/1.1\r\n")) return 0;

  std::array<std::pair<std::string_view, std::string_view>, most_fields> fields;
  std::size_t count = 0;
  while (!take_line_end(rest)) {
    const std::string_view name = take_all<is_token_character>(rest);
    if (count == most_fields || name.empty() || !take(rest, ':')) return 0;
    const std::string_view value = header_fields::trimmed(take_value(rest));
    if (!take_line_end(rest) || !is_plain(name, value)) return 0;
    const auto same = [name](const auto& f) { return same_token(f.first, name); };
    if (std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(count), same)) return 0;
    fields[count++] = {name, value};
  }
  to.method = "GET";
  to.target = target;
  to.version = 11;
  to.headers.clear();
  to.headers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) to.headers.emplace_back(fields[i].first, fields[i].second);
  return seen - rest.size();
}

} // namespace swill::net::http
