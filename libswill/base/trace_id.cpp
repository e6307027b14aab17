#include "libswill/base/trace_id.hpp"

#include <algorithm>

namespace swill {

namespace {

bool is_lower_hex(std::string_view s) noexcept {
  return std::all_of(s.begin(), s.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_zero(std::string_view s) noexcept { return s.find_first_not_of('0') == std::string_view::npos; }

} // namespace

bool is_trace_id(std::string_view s) noexcept { return s.size() == 32 && is_lower_hex(s) && !is_zero(s); }

// "00-" 32 hex digits "-" 16 "-" 2, which a later version may go on with "-…".
std::string_view trace_id_in(std::string_view parent) noexcept {
  constexpr std::size_t length = 55;
  if (parent.size() < length || parent[2] != '-' || parent[35] != '-' || parent[52] != '-') return {};
  const std::string_view version = parent.substr(0, 2), trace = parent.substr(3, 32), span = parent.substr(36, 16);
  const bool has_more = parent.size() > length;
  if (has_more && (version == "00" || parent[length] != '-')) return {};
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(parent.substr(53, 2))) return {};
  if (!is_trace_id(trace) || !is_lower_hex(span) || is_zero(span)) return {};
  return trace;
}

} // namespace swill
