#include "libswill/net/http/conditions.hpp"

#include "libswill/net/http/date.hpp"

#include <algorithm>
#include <charconv>

namespace swill::net::http {

namespace {

using header_fields::elements;
using header_fields::same_token;
using header_fields::trimmed;
using header_fields::values;

std::optional<std::string_view> one_value(const header_list& headers, std::string_view name) {
  const auto all = values(headers, name);
  return all.size() == 1 ? std::optional{all.front()} : std::nullopt;
}

std::optional<std::time_t> date_in(const header_list& headers, std::string_view name) {
  const auto text = one_value(headers, name);
  return text ? read_date(*text) : std::nullopt;
}

/// A weak tag is equal to a strong one where the comparison is weak (§8.8.3.2).
bool lists_tag(const std::vector<std::string_view>& tags, const std::string& tag, bool weakly) {
  return std::any_of(tags.begin(), tags.end(), [&](std::string_view t) {
    if (weakly && t.starts_with("W/")) t.remove_prefix(2);
    return t == "*" || t == tag;
  });
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

/// "0.5" and the like; what is no weight counts as 1.
bool is_zero_weight(std::string_view parameters) {
  bool zero = false;
  header_fields::split(parameters, ';', [&zero](std::string_view part) {
    part = trimmed(part);
    if (part.size() < 3 || !same_token(part.substr(0, 2), "q=")) return;
    zero = part[2] == '0' && part.find_first_not_of("0.", 2) == std::string_view::npos;
  });
  return zero;
}

/// "-500": the last ones; "500-" and "500-999" otherwise.
range_verdict read_range(std::string_view text, std::uint64_t size) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = read_number(text.substr(0, dash));
  const auto last = read_number(text.substr(dash + 1));
  if (dash == 0) {
    if (!last) return {};
    if (*last == 0 || size == 0) return {.status = 416};
    const std::uint64_t n = std::min(*last, size);
    return {.status = 206, .range = {size - n, n}};
  }
  if (!first || (!last && dash + 1 != text.size()) || (last && *last < *first)) return {};
  if (*first >= size) return {.status = 416};
  return {.status = 206, .range = {*first, (last ? std::min(*last, size - 1) : size - 1) - *first + 1}};
}

/// No If-Range, or one that names this very version.
bool is_same_version(const header_list& headers, const validators& v) {
  if (values(headers, "If-Range").empty()) return true;
  const auto named = one_value(headers, "If-Range");
  if (!named) return false;
  if (named->starts_with('"')) return *named == v.tag;
  return read_date(*named) == std::optional{v.changed};
}

} // namespace

int status_by_conditions(const header_list& headers, const validators& v) {
  if (!values(headers, "If-Match").empty()) {
    if (!lists_tag(elements(headers, "If-Match"), v.tag, false)) return 412;
  } else if (const auto since = date_in(headers, "If-Unmodified-Since"); since && v.changed > *since) {
    return 412;
  }
  if (!values(headers, "If-None-Match").empty())
    return lists_tag(elements(headers, "If-None-Match"), v.tag, true) ? 304 : 200;
  const auto since = date_in(headers, "If-Modified-Since");
  return since && v.changed <= *since ? 304 : 200;
}

range_verdict range_of(const header_list& headers, const validators& v, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  const auto text = one_value(headers, "Range");
  if (!text || text->size() < unit.size() || !same_token(text->substr(0, unit.size()), unit)) return {};
  if (!is_same_version(headers, v)) return {};
  return read_range(trimmed(text->substr(unit.size())), size);
}

bool accepts_coding(const header_list& headers, std::string_view coding) {
  bool any = false;
  for (const std::string_view element : elements(headers, "Accept-Encoding")) {
    const auto end = std::min(element.find(';'), element.size());
    const std::string_view name = trimmed(element.substr(0, end));
    if (same_token(name, coding)) return !is_zero_weight(element.substr(end));
    if (name == "*") any = !is_zero_weight(element.substr(end));
  }
  return any;
}

} // namespace swill::net::http
