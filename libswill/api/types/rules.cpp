#include "libswill/api/types/rules.hpp"

#include "libswill/base/utf8.hpp"

#include <cmath>

namespace swill {

namespace detail {

std::size_t length_of(const std::string& s) noexcept { return count_code_points(s); }

bool is_multiple(std::int64_t v, number of) noexcept {
  if (of.is_real()) return is_multiple(static_cast<double>(v), of);
  // -1 divides everything, and INT64_MIN % -1 overflows.
  return of.integer() == -1 || (of.integer() != 0 && v % of.integer() == 0);
}

bool is_multiple(std::uint64_t v, number of) noexcept {
  if (of.is_real()) return is_multiple(static_cast<double>(v), of);
  if (std::is_eq(of.order_of(0))) return false;
  const auto divisor = static_cast<std::uint64_t>(of.integer());
  return v % (std::is_gt(of.order_of(0)) ? 0 - divisor : divisor) == 0;
}

bool is_multiple(double v, number of) noexcept { return std::fmod(v, of.real()) == 0; }

namespace {
template <class T, class Text>
std::string joined(const T* all, std::size_t n, Text text) {
  std::string s;
  for (std::size_t i = 0; i < n; ++i) {
    if (i != 0) s += ", ";
    s += text(all[i]);
  }
  return s;
}
} // namespace

std::string list_text(const std::string_view* texts, std::size_t n) {
  return joined(texts, n, [](std::string_view s) { return s; });
}

std::string list_text(const number* numbers, std::size_t n) {
  return joined(numbers, n, [](const number& v) { return v.text(); });
}

} // namespace detail

std::string length::text(std::size_t n) const {
  if (n < min) return "length less than " + std::to_string(min);
  return "length greater than or equal to " + std::to_string(max + 1);
}

} // namespace swill
