#pragma once

#include "libswill/api/types/number.hpp"
#include "libswill/api/types/type_notes.hpp"

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace swill {

// What may follow the member in d.field("name", o.name, …): rules that a value must keep, and words about it. A rule of an
// optional field holds when there is a value. docs/types.md lists them; the descriptions of problems are those of docs/protocol.md §4.
// A rule of one's own needs `bool holds(const T&) const`, `std::string problem(const T&) const` and `void note(type_notes&) const`.

namespace detail {
template <class T>
concept numeric = std::is_arithmetic_v<T> && !std::same_as<T, bool>;
template <class T>
concept sized = requires(const T& v) {
  v.size();
};
std::size_t length_of(const std::string& s) noexcept; ///< in code points
template <sized T>
std::size_t length_of(const T& v) noexcept {
  return v.size();
}
bool matches(std::string_view pattern, std::string_view text);
bool is_multiple(std::int64_t v, number of) noexcept;
bool is_multiple(std::uint64_t v, number of) noexcept;
bool is_multiple(double v, number of) noexcept;
std::string list_text(const std::string_view* texts, std::size_t n);
std::string list_text(const number* numbers, std::size_t n);
inline value to_value(std::string_view s) { return s; }
inline value to_value(const number& n) { return n.to_value(); }
} // namespace detail

/// Greater than.
struct gt {
  number bound;
  bool holds(const detail::numeric auto& v) const { return std::is_gt(bound.order_of(v)); }
  std::string problem(const detail::numeric auto&) const { return "less than or equal to " + bound.text(); }
  void note(type_notes& n) const { n.add("gt", bound.to_value()); }
};

/// Greater than or equal to.
struct ge {
  number bound;
  bool holds(const detail::numeric auto& v) const { return std::is_gteq(bound.order_of(v)); }
  std::string problem(const detail::numeric auto&) const { return "less than " + bound.text(); }
  void note(type_notes& n) const { n.add("ge", bound.to_value()); }
};

/// Less than.
struct lt {
  number bound;
  bool holds(const detail::numeric auto& v) const { return std::is_lt(bound.order_of(v)); }
  std::string problem(const detail::numeric auto&) const { return "greater than or equal to " + bound.text(); }
  void note(type_notes& n) const { n.add("lt", bound.to_value()); }
};

/// Less than or equal to.
struct le {
  number bound;
  bool holds(const detail::numeric auto& v) const { return std::is_lteq(bound.order_of(v)); }
  std::string problem(const detail::numeric auto&) const { return "greater than " + bound.text(); }
  void note(type_notes& n) const { n.add("le", bound.to_value()); }
};

/// From the least to the greatest, both included: ge and le in one.
struct range {
  number least, greatest;
  bool holds(const detail::numeric auto& v) const { return ge{least}.holds(v) && le{greatest}.holds(v); }
  std::string problem(const detail::numeric auto& v) const {
    return ge{least}.holds(v) ? le{greatest}.problem(v) : ge{least}.problem(v);
  }
  void note(type_notes& n) const { ge{least}.note(n), le{greatest}.note(n); }
};

struct multiple_of {
  number divisor;
  template <detail::numeric T>
  bool holds(const T& v) const {
    if constexpr (std::is_floating_point_v<T>) {
      return detail::is_multiple(static_cast<double>(v), divisor);
    } else if constexpr (std::is_signed_v<T>) {
      return detail::is_multiple(static_cast<std::int64_t>(v), divisor);
    } else {
      return detail::is_multiple(static_cast<std::uint64_t>(v), divisor);
    }
  }
  std::string problem(const detail::numeric auto&) const { return "not a multiple of " + divisor.text(); }
  void note(type_notes& n) const { n.add("multiple_of", divisor.to_value()); }
};

namespace detail {
/// Stands before the bounds of a length, so that they are written with their names: two bare numbers do not compile, because they once
/// meant an end that is not included.
struct bounds_have_names_min_and_max {
  constexpr bounds_have_names_min_and_max() noexcept {}
};
} // namespace detail

/// `length{.min = 1, .max = 32}`, both included; either may be left out. Counts characters (code points) of a str, bytes of a bin, items
/// of a container. Problems and introspection name the first length that is too large, max + 1, as docs/protocol.md §4 has it.
struct length {
  static constexpr std::size_t any = static_cast<std::size_t>(-1);

  detail::bounds_have_names_min_and_max names = {};
  std::size_t min = 0;
  std::size_t max = any;
  static constexpr bool looks_at_size = true;
  bool holds(const detail::sized auto& v) const {
    const std::size_t n = detail::length_of(v);
    return n >= min && n <= max;
  }
  std::string problem(const detail::sized auto& v) const { return text(detail::length_of(v)); }
  std::string text(std::size_t n) const;
  void note(type_notes& n) const {
    n.add("min_length", min);
    if (max != any) n.add("max_length_exclusive", max + 1);
  }
};

struct min_length {
  std::size_t least;
  static constexpr bool looks_at_size = true;
  bool holds(const detail::sized auto& v) const { return detail::length_of(v) >= least; }
  std::string problem(const detail::sized auto&) const { return "length less than " + std::to_string(least); }
  void note(type_notes& n) const { n.add("min_length", least); }
};

/// A regular expression (RE2: time linear in the text) that must match somewhere in a str; anchor it with ^ and $. It is compiled once
/// for each text and kept for the life of the process; one that does not compile throws std::invalid_argument.
struct pattern {
  std::string_view expression; ///< must outlive the process's use of it: a literal
  bool holds(const std::string& s) const { return detail::matches(expression, s); }
  std::string problem(const std::string&) const { return "Does not match pattern: " + std::string{expression}; }
  void note(type_notes& n) const;
};

/// One of these texts, or numbers.
template <class E, std::size_t N>
struct one_of {
  std::array<E, N> choices;
  template <class... A>
  one_of(const A&... a) : choices{E(a)...} {}
  template <class T>
  requires(std::same_as<E, number> ? detail::numeric<T>
                                   : std::convertible_to<const T&, std::string_view>) bool holds(const T& v) const {
    for (const E& c : choices) {
      if constexpr (std::same_as<E, number>) {
        if (std::is_eq(c.order_of(v))) return true;
      } else {
        if (c == v) return true;
      }
    }
    return false;
  }
  template <class T>
  requires(std::same_as<E, number> ? detail::numeric<T> : std::convertible_to<const T&, std::string_view>) std::string
      problem(const T&)
  const { return "Not one of: " + detail::list_text(choices.data(), N); }
  void note(type_notes& n) const {
    value_array all;
    for (const E& c : choices) all.push_back(detail::to_value(c));
    n.add("one_of", std::move(all));
  }
};
template <class A, class... B>
one_of(const A&, const B&...)
    -> one_of<std::conditional_t<std::convertible_to<const A&, std::string_view>, std::string_view, number>,
              1 + sizeof...(B)>;

/// Whatever `fn(const T&) -> bool` says; the text describes the problem when it says false. It runs where the message is decoded (an
/// I/O thread) and must not block.
template <class F>
struct predicate {
  F fn;
  std::string_view text;
  predicate(F f, std::string_view t) : fn(std::move(f)), text(t) {}
  template <class T>
  requires std::predicate<const F&, const T&>
  bool holds(const T& v) const { return fn(v); }
  template <class T>
  requires std::predicate<const F&, const T&> std::string problem(const T&)
  const { return std::string{text}; }
  void note(type_notes& n) const { n.add_to_list("predicates", text); }
};

} // namespace swill
