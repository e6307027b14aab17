#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace swill::redis::detail {

/// "*3\r\n", "$5\r\n": the heads of RESP.
inline void append_head(std::string& out, char kind, std::size_t n) {
  char digits[24];
  digits[0] = kind;
  char* const end = std::to_chars(digits + 1, digits + sizeof digits - 2, n).ptr;
  end[0] = '\r';
  end[1] = '\n';
  out.append(digits, static_cast<std::size_t>(end + 2 - digits));
}

inline void append_argument(std::string& out, std::string_view a) {
  append_head(out, '$', a.size());
  out.append(a).append("\r\n", 2);
}

/// Appends a whole command: a range of what converts to string_view.
template <class Range>
void append_command(std::string& out, const Range& arguments) {
  append_head(out, '*', arguments.size());
  for (const auto& a : arguments) append_argument(out, a);
}

} // namespace swill::redis::detail
