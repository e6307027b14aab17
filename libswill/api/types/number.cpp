#include "libswill/api/types/number.hpp"

#include <charconv>
#include <cmath>

namespace swill {

double number::real() const noexcept {
  switch (kind_) {
    case kind::integer: return static_cast<double>(signed_);
    case kind::unsigned_integer: return static_cast<double>(unsigned_);
    case kind::real: break;
  }
  return real_;
}

std::string number::text() const {
  if (kind_ == kind::integer) return std::to_string(signed_);
  if (kind_ == kind::unsigned_integer) return std::to_string(unsigned_);
  if (std::isnan(real_)) return "nan";
  if (std::isinf(real_)) return real_ < 0 ? "-inf" : "inf";
  const double size = std::fabs(real_);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, real_,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string s{digits, end.ptr};
  if (fixed && s.find('.') == std::string::npos) s += ".0";
  return s;
}

value number::to_value() const {
  if (kind_ == kind::integer) return signed_;
  if (kind_ == kind::unsigned_integer) return unsigned_;
  return real_;
}

} // namespace swill
