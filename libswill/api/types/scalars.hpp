#pragma once

#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/introspector.hpp"
#include "libswill/api/types/tables.hpp"
#include "libswill/api/types/time.hpp"

#include <limits>

// Every codec has: decode, which reads the next value into a fresh T; encode; introspect; suits, how well a kind on the wire goes with
// T (for unions); and text, its name in descriptions of problems.

namespace swill::detail {

constexpr affinity exact_if(bool b) { return b ? affinity::exact : affinity::none; }

template <>
struct codec<bool> {
  static fit decode(decoder& in, bool& out) { return in.reader.read_bool(out) ? fit::whole : in.wrong("bool"); }
  static void encode(encoder& out, bool b) { out.to.boolean(b); }
  static value introspect(introspector&) { return introspector::plain("bool"); }
  static affinity suits(wire::kind k) { return exact_if(k == wire::kind::boolean); }
  static std::string text() { return "bool"; }
};

template <integer T>
struct codec<T> {
  static fit decode(decoder& in, T& out) {
    using limits = std::numeric_limits<T>;
    if constexpr (std::same_as<T, std::uint64_t> || (sizeof(T) == 8 && std::is_unsigned_v<T>)) {
      std::uint64_t u;
      if (!in.reader.read_uint(u)) [[unlikely]] {
        std::int64_t i;
        if (!in.read_integer_as_real(i)) return in.wrong_integer(0, limits::max());
        if (i < 0) return in.out_of_range(0, limits::max(), std::to_string(i));
        u = static_cast<std::uint64_t>(i);
      }
      out = u;
    } else {
      std::int64_t i;
      if (!in.reader.read_int(i) && !in.read_integer_as_real(i)) [[unlikely]]
        return in.wrong_integer(limits::min(), limits::max());
      if constexpr (sizeof(T) < 8) {
        if (!std::in_range<T>(i)) [[unlikely]]
          return in.out_of_range(limits::min(), limits::max(), std::to_string(i));
      }
      out = static_cast<T>(i);
    }
    return fit::whole;
  }
  static void encode(encoder& out, T v) {
    if constexpr (std::is_signed_v<T>) {
      out.to.integer(v);
    } else {
      out.to.unsigned_integer(v);
    }
  }
  static value introspect(introspector&) { return introspector::integer(sizeof(T), std::is_signed_v<T>); }
  static affinity suits(wire::kind k) { return exact_if(k == wire::kind::integer); }
  static std::string text() { return "int"; }
};

fit read_as_real(decoder& in, double& out);

template <real T>
struct codec<T> {
  static fit decode(decoder& in, T& out) {
    double d;
    if (!in.reader.read_real(d) && read_as_real(in, d) != fit::whole) return fit::wrong;
    out = static_cast<T>(d); // to float: rounded, beyond its range an infinity
    return fit::whole;
  }
  static void encode(encoder& out, T v) {
    if constexpr (std::same_as<T, float>) {
      out.to.real32(v);
    } else {
      out.to.real(v);
    }
  }
  static value introspect(introspector&) { return introspector::plain("float"); }
  static affinity suits(wire::kind k) {
    return k == wire::kind::real ? affinity::exact : k == wire::kind::integer ? affinity::converts : affinity::none;
  }
  static std::string text() { return "float"; }
};

template <>
struct codec<std::string> {
  static fit decode(decoder& in, std::string& out);
  static void encode(encoder& out, const std::string& s) { out.to.text(s); }
  static value introspect(introspector&) { return introspector::plain("str"); }
  static affinity suits(wire::kind k) { return exact_if(k == wire::kind::str); }
  static std::string text() { return "str"; }
};

template <>
struct codec<bytes> {
  static fit decode(decoder& in, bytes& out);
  static void encode(encoder& out, const bytes& b) { out.to.bin(b); }
  static value introspect(introspector&) { return introspector::plain("bytes"); }
  static affinity suits(wire::kind k) { return exact_if(k == wire::kind::bin); }
  static std::string text() { return "bytes"; }
};

template <one_of_types<nothing, std::monostate> T>
struct codec<T> {
  static fit decode(decoder& in, T&) { return in.reader.read_nil() ? fit::whole : in.wrong("nil"); }
  static void encode(encoder& out, const T&) { out.to.nil(); }
  static value introspect(introspector&) { return introspector::plain("NoneType"); }
  static affinity suits(wire::kind k) { return exact_if(k == wire::kind::nil); }
  static std::string text() { return "nil"; }
};

template <>
struct codec<value> {
  static fit decode(decoder& in, value& out) { return in.read_dynamic(out) ? fit::whole : fit::wrong; }
  static void encode(encoder& out, const value& v);
  static value introspect(introspector&) { return introspector::plain("Any"); }
  static affinity suits(wire::kind) { return affinity::converts; }
  static std::string text() { return "any"; }
};

template <>
struct codec<raw> {
  static fit decode(decoder& in, raw& out);
  static void encode(encoder& out, const raw& r);
  static value introspect(introspector&) { return introspector::plain("Any"); }
  static affinity suits(wire::kind) { return affinity::converts; }
  static std::string text() { return "any"; }
};

fit decode_time(decoder& in, instant& out);
fit time_out_of_range(decoder& in);

template <timestamp T>
struct codec<T> {
  using duration = typename T::duration;
  static fit decode(decoder& in, T& out) {
    using namespace std::chrono;
    instant t;
    if (decode_time(in, t) != fit::whole) return fit::wrong;
    // Split so that both parts have the same sign: then no sum overflows on the way to one that fits.
    const bool before = t.seconds < 0;
    const std::int64_t whole = before ? t.seconds + 1 : t.seconds;
    if (whole < ceil<seconds>(duration::min()).count() || whole > floor<seconds>(duration::max()).count())
      return time_out_of_range(in);
    const duration base = seconds{whole};
    const duration rest = floor<duration>(nanoseconds{t.nanoseconds} - nanoseconds{before ? 1'000'000'000 : 0});
    if (before ? rest < duration::min() - base : rest > duration::max() - base) return time_out_of_range(in);
    out = T{base + rest};
    return fit::whole;
  }
  static void encode(encoder& out, T v) {
    using namespace std::chrono;
    const duration since = v.time_since_epoch();
    const auto whole = duration_cast<seconds>(since);
    const auto rest = duration_cast<nanoseconds>(since - whole); // has the sign of both
    const bool before = rest.count() < 0;
    out.to.timestamp(whole.count() - before, static_cast<std::uint32_t>(rest.count() + (before ? 1'000'000'000 : 0)));
  }
  static value introspect(introspector&) { return introspector::plain("datetime"); }
  static affinity suits(wire::kind k) {
    return k == wire::kind::ext ? affinity::exact : k == wire::kind::str ? affinity::converts : affinity::none;
  }
  static std::string text() { return "datetime"; }
};

/// A count of its own unit, which introspection names.
template <time_span T>
struct codec<T> {
  using count = typename T::rep;
  using unit = typename T::period;
  static constexpr bool passes_rules = true;

  template <class... R>
  static fit decode(decoder& in, T& out, const R&... rules) {
    count n{};
    const fit f = detail::decode(in, n, rules...);
    out = T{n};
    (check_unless_of_count(in, out, f, rules), ...);
    return f;
  }
  static void encode(encoder& out, T v) { detail::encode(out, v.count()); }
  static value introspect(introspector& i) {
    return introspector::with_unit(codec<count>::introspect(i), unit::num, unit::den);
  }
  static affinity suits(wire::kind k) { return codec<count>::suits(k); }
  static std::string text() { return codec<count>::text(); }

private:
  template <class R>
  static void check_unless_of_count(decoder& in, const T& v, fit f, const R& rule) {
    if constexpr (!checks<R, count>) check(in, v, f, rule);
  }
};

const enum_entry* decode_enum(decoder& in, const enum_table& table);
void encode_enum(encoder& out, const enum_table& table, std::int64_t number);

template <enumeration E>
struct codec<E> {
  static fit decode(decoder& in, E& out) {
    const enum_entry* e = decode_enum(in, enum_table_of<E>());
    if (e == nullptr) return fit::wrong;
    out = static_cast<E>(e->number);
    return fit::whole;
  }
  static void encode(encoder& out, E e) { encode_enum(out, enum_table_of<E>(), static_cast<std::int64_t>(e)); }
  static value introspect(introspector& i) { return i.enumeration(enum_survey_of<E>()); }
  static affinity suits(wire::kind k) {
    return exact_if(k == (enum_table_of<E>().by_number ? wire::kind::integer : wire::kind::str));
  }
  static std::string text() { return enum_table_of<E>().text(); }
};

} // namespace swill::detail
