#pragma once

#include "libswill/api/types/rules.hpp"

#include <tuple>

namespace swill {

namespace detail {
template <class... R>
struct rule_list {
  std::tuple<R...> rules;
  explicit rule_list(R... r) : rules(std::move(r)...) {}
  void note_at(type_notes& n, std::int64_t argument) const {
    std::apply([&](const R&... r) { (r.note(n.argument(argument)), ...); }, rules);
  }
};
} // namespace detail

/// Rules for each item of a vector, set, array, pair or tuple.
template <class... R>
struct each : detail::rule_list<R...> {
  explicit each(R... r) : detail::rule_list<R...>(std::move(r)...) {}
  void note(type_notes& n) const { this->note_at(n, type_notes::all_arguments); }
};

/// Rules for each key of a map.
template <class... R>
struct keys : detail::rule_list<R...> {
  explicit keys(R... r) : detail::rule_list<R...>(std::move(r)...) {}
  void note(type_notes& n) const { this->note_at(n, 0); }
};

/// Rules for each value of a map.
template <class... R>
struct values : detail::rule_list<R...> {
  explicit values(R... r) : detail::rule_list<R...>(std::move(r)...) {}
  void note(type_notes& n) const { this->note_at(n, 1); }
};

namespace detail {
template <std::size_t I, class... R>
struct at_rules : rule_list<R...> {
  explicit at_rules(R... r) : rule_list<R...>(std::move(r)...) {}
  void note(type_notes& n) const { this->note_at(n, I); }
};
} // namespace detail

/// Rules for element I of a pair or tuple: `swill::at<0>(swill::gt{0})`.
template <std::size_t I, class... R>
detail::at_rules<I, R...> at(R... r) {
  return detail::at_rules<I, R...>{std::move(r)...};
}

/// What the field means, for people; introspection shows it.
struct doc {
  std::string_view text;
  void note(type_notes& n) const { n.documentation = text; }
};

/// The field may be absent: then it keeps what the default-constructed struct holds. nil says the same, unless the type has a nil.
struct defaulted {
  void note(type_notes&) const {}
};

/// The field may be absent, too, but nil is no value for it: for those who would rather hear of a client that sends nil by mistake.
struct omittable {
  void note(type_notes&) const {}
};

namespace detail {

// The rules within rules that concern a part of the value, as a tuple of references.

template <class R>
inline constexpr bool is_each = is_specialization<R, each>;
template <class R>
inline constexpr bool is_keys = is_specialization<R, keys>;
template <class R>
inline constexpr bool is_values = is_specialization<R, values>;
template <class R, std::size_t I>
inline constexpr bool is_at = false;
template <std::size_t I, class... R>
inline constexpr bool is_at<at_rules<I, R...>, I> = true;
template <class R>
inline constexpr bool is_any_at = false;
template <std::size_t I, class... R>
inline constexpr bool is_any_at<at_rules<I, R...>> = true;

template <bool Taken, class R>
auto rules_of(const R& rule) {
  if constexpr (Taken) {
    return std::apply([](const auto&... r) { return std::tie(r...); }, rule.rules);
  } else {
    return std::tuple<>{};
  }
}

template <class... R>
auto item_rules(const R&... rules) {
  return std::tuple_cat(rules_of<is_each<R>>(rules)...);
}
template <class... R>
auto key_rules(const R&... rules) {
  return std::tuple_cat(rules_of<is_keys<R>>(rules)...);
}
template <class... R>
auto value_rules(const R&... rules) {
  return std::tuple_cat(rules_of<is_values<R>>(rules)...);
}
template <std::size_t I, class... R>
auto element_rules(const R&... rules) {
  return std::tuple_cat(rules_of < is_each<R> || is_at < R, I >> (rules)...);
}

} // namespace detail
} // namespace swill
