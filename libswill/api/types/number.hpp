#pragma once

#include "libswill/base/value.hpp"

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

namespace swill {

/// A bound of a rule: an int or a float, as it was written. Compares with numbers of all types by mathematical value.
class number {
public:
  template <std::integral I>
  requires(!std::same_as<I, bool>) constexpr number(I i) {
    if constexpr (std::is_signed_v<I>) {
      signed_ = i;
    } else {
      kind_ = kind::unsigned_integer;
      unsigned_ = i;
    }
  }
  template <std::floating_point F>
  constexpr number(F f) : kind_(kind::real), real_(static_cast<double>(f)) {}

  /// How v stands to this number; unordered for NaN.
  template <class T>
  constexpr std::partial_ordering order_of(T v) const noexcept {
    switch (kind_) {
      case kind::integer: return order(v, signed_);
      case kind::unsigned_integer: return order(v, unsigned_);
      case kind::real: return order(v, real_);
    }
    return std::partial_ordering::unordered;
  }

  /// As Python prints it: 10, 0.5, 10.0.
  std::string text() const;
  value to_value() const;

  bool is_real() const noexcept { return kind_ == kind::real; }
  double real() const noexcept;
  std::int64_t integer() const noexcept {
    return kind_ == kind::integer ? signed_ : static_cast<std::int64_t>(unsigned_);
  }

private:
  enum class kind : std::uint8_t { integer, unsigned_integer, real };

  template <class A, class B>
  static constexpr std::partial_ordering order(A a, B b) noexcept {
    if constexpr (std::integral<A> && std::integral<B>) {
      return std::cmp_less(a, b)      ? std::partial_ordering::less
             : std::cmp_greater(a, b) ? std::partial_ordering::greater
                                      : std::partial_ordering::equivalent;
    } else if constexpr (std::floating_point<A> && std::floating_point<B>) {
      return a <=> b;
    } else {
      // Its 64 bits of mantissa hold every integer, where double rounds.
      return static_cast<long double>(a) <=> static_cast<long double>(b);
    }
  }

  kind kind_ = kind::integer;
  union {
    std::int64_t signed_ = 0;
    std::uint64_t unsigned_;
    double real_;
  };
};

} // namespace swill
