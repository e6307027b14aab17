#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>

namespace swill::redis::detail {

// `Out` has append(const char*, std::size_t): a buffer or a string.

/// "*3\r\n", "$5\r\n": the heads of RESP.
template <class Out>
void append_head(Out& out, char kind, std::size_t n) {
  char digits[24];
  digits[0] = kind;
  char* const end = std::to_chars(digits + 1, digits + sizeof digits - 2, n).ptr;
  end[0] = '\r';
  end[1] = '\n';
  out.append(digits, static_cast<std::size_t>(end + 2 - digits));
}

template <class Out>
void append_argument(Out& out, std::string_view a) {
  append_head(out, '$', a.size());
  out.append(a.data(), a.size());
  out.append("\r\n", 2);
}

/// Appends a whole command: a range of what converts to string_view.
template <class Out, class Range>
void append_command(Out& out, const Range& arguments) {
  append_head(out, '*', arguments.size());
  for (const auto& a : arguments) append_argument(out, a);
}

} // namespace swill::redis::detail
