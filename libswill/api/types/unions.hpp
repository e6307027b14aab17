#pragma once

#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/encoder.hpp"
#include "libswill/api/types/introspector.hpp"

namespace swill::detail {

/// nil or a value: std::optional, std::unique_ptr, std::shared_ptr. Rules are for the value.
template <nullable N>
struct codec<N> {
  using held = std::remove_reference_t<decltype(*std::declval<N&>())>;
  static constexpr bool passes_rules = true;

  template <class... R>
  static fit decode(decoder& in, N& out, const R&... rules) {
    out.reset();
    const wire::kind next = in.reader.peek();
    if (next == wire::kind::nil) {
      in.reader.read_nil();
      return fit::whole;
    }
    if (codec<held>::suits(next) == affinity::none && codec<held>::suits(in.peek_as_integer()) == affinity::none)
      return in.wrong(text());
    if constexpr (is_specialization<N, std::optional>) {
      out.emplace();
    } else {
      if (!in.charge(1, sizeof(held) + 2 * sizeof(void*))) return fit::wrong;
      out = N{new held{}};
    }
    return detail::decode(in, *out, rules...);
  }
  static void encode(encoder& out, const N& n) {
    if (n) {
      detail::encode(out, *n);
    } else {
      out.to.nil();
    }
  }
  static value introspect(introspector& i) {
    return introspector::union_of({codec<held>::introspect(i), introspector::plain("NoneType")});
  }
  static affinity suits(wire::kind k) { return k == wire::kind::nil ? affinity::exact : codec<held>::suits(k); }
  static std::string text() { return codec<held>::text() + " | nil"; }
};

/// The alternative that the kind on the wire suits best; of several, the first that the value fits, rules included.
template <class... Ts>
struct codec<std::variant<Ts...>> {
  using variant = std::variant<Ts...>;
  static constexpr bool passes_rules = true;

  template <class... R>
  static fit decode(decoder& in, variant& out, const R&... rules) {
    wire::kind next = in.reader.peek();
    if (next == wire::kind::real && suits(next) == affinity::none) next = in.peek_as_integer();
    const std::array<affinity, sizeof...(Ts)> fits{codec<Ts>::suits(next)...};
    std::size_t candidates = 0, only = 0;
    for (std::size_t i = 0; i < fits.size(); ++i) {
      if (fits[i] != affinity::none) ++candidates, only = i;
    }
    if (candidates == 0) return in.wrong(text());
    if (candidates == 1) return decode_as(in, out, only, rules...);
    return try_all(in, out, fits, rules...);
  }
  static void encode(encoder& out, const variant& v) {
    std::visit([&](const auto& held) { detail::encode(out, held); }, v);
  }
  static value introspect(introspector& i) { return introspector::union_of({codec<Ts>::introspect(i)...}); }
  static affinity suits(wire::kind k) {
    affinity best = affinity::none;
    ((best = std::max(best, codec<Ts>::suits(k))), ...);
    return best;
  }
  static std::string text() {
    std::string s;
    ((s += (s.empty() ? "" : " | ") + codec<Ts>::text()), ...);
    return s;
  }

private:
  template <class... R>
  static fit decode_as(decoder& in, variant& out, std::size_t index, const R&... rules) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      fit f = fit::wrong;
      ((index == I ? void(f = detail::decode(in, out.template emplace<I>(), rules...)) : void()), ...);
      return f;
    }
    (std::index_sequence_for<Ts...>{});
  }
  template <class... R>
  static fit try_all(decoder& in, variant& out, const std::array<affinity, sizeof...(Ts)>& fits, const R&... rules) {
    const auto start = in.here();
    std::size_t breaks_rules = sizeof...(Ts);
    for (const affinity wanted : {affinity::exact, affinity::converts}) {
      for (std::size_t i = 0; i < fits.size(); ++i) {
        if (fits[i] != wanted) continue;
        const fit f = decode_as(in, out, i, rules...);
        if (in.stopped()) return fit::wrong;
        if (f == fit::whole && in.mark() == start.mark) return f;
        if (f == fit::whole && breaks_rules == sizeof...(Ts)) breaks_rules = i;
        in.go_back(start);
        if (in.stopped()) return fit::wrong;
      }
    }
    if (breaks_rules != sizeof...(Ts)) return decode_as(in, out, breaks_rules, rules...);
    return in.wrong(text());
  }
};

} // namespace swill::detail
