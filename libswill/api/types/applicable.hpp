#pragma once

#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/nested_rules.hpp"

namespace swill::detail {

// Whether a rule has something to check on a type, so that one which never would does not compile.

template <class R, class M>
constexpr bool applies();

template <class M, class... R>
constexpr bool all_apply(const rule_list<R...>*) {
  return (applies<R, M>() && ...);
}

template <class R, class... Ms>
constexpr bool applies_to_one(const std::variant<Ms...>*) {
  return (applies<R, Ms>() || ...);
}

template <class R, class L>
constexpr bool applies_to_items() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (all_apply<std::tuple_element_t<I, L>>(static_cast<const R*>(nullptr)) && ...);
  }
  (std::make_index_sequence<std::tuple_size_v<L>>{});
}

template <class L, std::size_t I, class... R>
constexpr bool applies_to_element(const at_rules<I, R...>* rules) {
  if constexpr (I < std::tuple_size_v<L>) return all_apply<std::tuple_element_t<I, L>>(rules);
  return false;
}

template <class R, class M>
constexpr bool applies() {
  constexpr const R* rules = nullptr;
  if constexpr (one_of_types<R, doc, defaulted, omittable>) {
    return true;
  } else if constexpr (nullable<M>) {
    return applies<R, std::remove_reference_t<decltype(*std::declval<M&>())>>();
  } else if constexpr (time_span<M>) {
    return checks<R, M> || applies<R, typename M::rep>();
  } else if constexpr (is_specialization<M, std::variant>) {
    return applies_to_one<R>(static_cast<const M*>(nullptr));
  } else if constexpr (is_each<R> && (vector_like<M> || set_like<M>)) {
    return all_apply<typename M::value_type>(rules);
  } else if constexpr (is_each<R> && fixed_list<M>) {
    return applies_to_items<R, M>();
  } else if constexpr (is_keys<R> && map_like<M>) {
    return all_apply<typename M::key_type>(rules);
  } else if constexpr (is_values<R> && map_like<M>) {
    return all_apply<typename M::mapped_type>(rules);
  } else if constexpr (is_any_at<R> && fixed_list<M>) {
    return applies_to_element<M>(rules);
  } else {
    return checks<R, M>;
  }
}

} // namespace swill::detail
