#pragma once

#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/encoder.hpp"
#include "libswill/api/types/introspector.hpp"
#include "libswill/api/types/nested_rules.hpp"

namespace swill::detail {

/// Decodes a part of a value under the rules for that part.
template <class T, class... R>
fit decode_part(decoder& in, T& out, const std::tuple<R...>& rules) {
  return std::apply([&](const auto&... r) { return decode(in, out, r...); }, rules);
}

/// Decodes an item of a list; its problems are said to be at `index`.
template <class T, class Rules>
fit decode_item(decoder& in, T& out, std::size_t index, const Rules& rules) {
  const std::size_t mark = in.mark();
  const fit f = decode_part(in, out, rules);
  if (in.mark() != mark) [[unlikely]]
    in.wrap_index(mark, index);
  return f;
}

/// What a node of a set or map takes besides its content.
inline constexpr std::size_t node_size = 4 * sizeof(void*);
/// What a sequence that is no vector takes when it is empty: std::deque has its map and its first block from the beginning.
inline constexpr std::size_t sequence_size = 640;

template <vector_like V>
struct codec<V> {
  using item = typename V::value_type;
  static constexpr bool takes_rules = true;
  static constexpr bool is_vector = is_specialization<V, std::vector>;

  template <class... R>
  static fit decode(decoder& in, V& out, const R&... rules) {
    std::uint32_t n;
    if (!in.begin_array(n)) return in.wrong("list");
    out.clear();
    if constexpr (!is_vector) {
      if (!in.charge(1, sequence_size)) return fit::wrong;
    }
    if (!in.charge(n, sizeof(item) + (is_vector ? 0 : node_size))) return fit::wrong;
    if constexpr (requires { out.reserve(n); }) out.reserve(n); // never more than there are bytes left
    const auto each_rules = item_rules(rules...);
    fit all = fit::whole;
    for (std::uint32_t i = 0; i < n; ++i) {
      fit f;
      if constexpr (std::same_as<item, bool>) {
        bool b = false;
        f = decode_item(in, b, i, each_rules);
        out.push_back(b);
      } else {
        f = decode_item(in, out.emplace_back(), i, each_rules);
      }
      if (f != fit::whole) [[unlikely]] {
        if (in.stopped()) return fit::wrong;
        all = fit::partly;
      }
    }
    in.end();
    return all;
  }
  static void encode(encoder& out, const V& v) {
    out.begin_array(v.size());
    if constexpr (std::same_as<item, bool>) {
      for (const bool b : v) out.to.boolean(b);
    } else {
      for (const item& i : v) detail::encode(out, i);
    }
    out.end();
  }
  static value introspect(introspector& i) {
    return introspector::with_arguments("list", {codec<item>::introspect(i)});
  }
  static affinity suits(wire::kind k) { return k == wire::kind::array ? affinity::exact : affinity::none; }
  static std::string text() { return "list"; }
};

template <set_like S>
struct codec<S> {
  using item = typename S::key_type;
  static constexpr bool takes_rules = true;

  template <class... R>
  static fit decode(decoder& in, S& out, const R&... rules) {
    std::uint32_t n;
    if (!in.begin_array(n)) return in.wrong("set");
    out.clear();
    if (!in.charge(n, sizeof(item) + node_size)) return fit::wrong;
    const auto each_rules = item_rules(rules...);
    fit all = fit::whole;
    for (std::uint32_t i = 0; i < n; ++i) {
      item v{};
      if (decode_item(in, v, i, each_rules) == fit::whole) [[likely]] {
        out.insert(out.end(), std::move(v));
      } else {
        if (in.stopped()) return fit::wrong;
        all = fit::partly;
      }
    }
    in.end();
    return all;
  }
  static void encode(encoder& out, const S& s) {
    out.begin_array(s.size());
    for (const item& i : s) detail::encode(out, i);
    out.end();
  }
  static value introspect(introspector& i) { return introspector::with_arguments("set", {codec<item>::introspect(i)}); }
  static affinity suits(wire::kind k) { return k == wire::kind::array ? affinity::exact : affinity::none; }
  static std::string text() { return "set"; }
};

template <map_like M>
struct codec<M> {
  using key = typename M::key_type;
  using mapped = typename M::mapped_type;
  static constexpr bool takes_rules = true;

  template <class... R>
  static fit decode(decoder& in, M& out, const R&... rules) {
    std::uint32_t n;
    if (!in.begin_map(n)) return in.wrong("dict");
    out.clear();
    if (!in.charge(n, sizeof(typename M::value_type) + node_size)) return fit::wrong;
    const auto of_keys = key_rules(rules...);
    const auto of_values = value_rules(rules...);
    const std::size_t start = in.mark();
    fit all = fit::whole;
    for (std::uint32_t i = 0; i < n; ++i) {
      const bytes_view at = in.reader.rest();
      const std::size_t mark = in.mark();
      key k{};
      const fit key_fit = decode_part(in, k, of_keys);
      if (in.stopped()) return fit::wrong;
      const bytes_view key_bytes = at.first(at.size() - in.reader.remaining());
      if (in.mark() != mark) [[unlikely]]
        in.wrap_key(mark, key_bytes);
      if (key_fit != fit::whole) {
        all = fit::partly;
        in.skip();
        continue;
      }
      auto [entry, is_new] = out.try_emplace(std::move(k));
      if (!is_new) { // a duplicate: the last wins, and what was wrong with the earlier no longer matters
        entry->second = mapped{};
        if (in.mark() != start) {
          in.drop_key(start, key_bytes);
          if (in.stopped()) return fit::wrong;
          if (in.mark() == start) all = fit::whole;
        }
      }
      const std::size_t value_mark = in.mark();
      const fit f = decode_part(in, entry->second, of_values);
      if (in.mark() != value_mark) [[unlikely]]
        in.wrap_key(value_mark, key_bytes);
      if (f != fit::whole) [[unlikely]] {
        if (in.stopped()) return fit::wrong;
        all = fit::partly;
      }
    }
    in.end();
    return all;
  }
  static void encode(encoder& out, const M& m) {
    out.begin_map(m.size());
    for (const auto& [k, v] : m) {
      detail::encode(out, k);
      detail::encode(out, v);
    }
    out.end();
  }
  static value introspect(introspector& i) {
    value of_key = codec<key>::introspect(i);
    return introspector::with_arguments("dict", {std::move(of_key), codec<mapped>::introspect(i)});
  }
  static affinity suits(wire::kind k) { return k == wire::kind::map ? affinity::exact : affinity::none; }
  static std::string text() { return "dict"; }
};

/// std::pair, std::tuple, std::array: exactly as many items.
template <fixed_list L>
struct codec<L> {
  static constexpr std::size_t size = std::tuple_size_v<L>;
  static constexpr bool takes_rules = true;

  template <class... R>
  static fit decode(decoder& in, L& out, const R&... rules) {
    const wire::reader at = in.reader;
    std::uint32_t n;
    if (!in.begin_array(n)) return in.wrong(text());
    if (n != size) return in.wrong_count(at, size, n);
    const fit f = decode_items(in, out, std::make_index_sequence<size>{}, rules...);
    if (in.stopped()) return fit::wrong;
    in.end();
    return f;
  }
  static void encode(encoder& out, const L& l) {
    out.begin_array(size);
    std::apply([&](const auto&... item) { (detail::encode(out, item), ...); }, l);
    out.end();
  }
  static value introspect(introspector& i) { return introspect_items(i, std::make_index_sequence<size>{}); }
  static affinity suits(wire::kind k) { return k == wire::kind::array ? affinity::exact : affinity::none; }
  static std::string text() { return is_array<L> ? "list" : "tuple"; }

private:
  template <std::size_t... I, class... R>
  static fit decode_items(decoder& in, L& out, std::index_sequence<I...>, const R&... rules) {
    bool whole = true;
    ((whole &= decode_item(in, std::get<I>(out), I, element_rules<I>(rules...)) == fit::whole), ...);
    return whole ? fit::whole : fit::partly;
  }
  template <std::size_t... I>
  static value introspect_items(introspector& i, std::index_sequence<I...>) {
    if constexpr (is_array<L>) {
      return introspector::with_arguments("list", {codec<typename L::value_type>::introspect(i)});
    } else {
      return introspector::with_arguments("tuple", {codec<std::tuple_element_t<I, L>>::introspect(i)...});
    }
  }
};

} // namespace swill::detail
