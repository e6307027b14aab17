#pragma once

#include "libswill/base/value.hpp"

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace swill {

/// No data: decodes from nil, is written as nil, and introspected as `NoneType`.
struct nothing {
  bool operator==(const nothing&) const = default;
};

/// A point in time that holds every date of RFC 3339, the year 0 to the end of 9999, which std::chrono::system_clock::time_point, in
/// nanoseconds, does not (docs/types.md).
using time_point = std::chrono::sys_time<std::chrono::microseconds>;

/// One MessagePack value that stays as it is on the wire, in both directions; introspected as `Any`. As a result it must hold
/// exactly one well-formed value. Text within it is not checked for UTF-8.
struct raw {
  bytes data{std::byte{0xc0}}; ///< nil at first
  bool operator==(const raw&) const = default;
};

namespace detail {

template <class T, template <class...> class Template>
inline constexpr bool is_specialization = false;
template <template <class...> class Template, class... Ts>
inline constexpr bool is_specialization<Template<Ts...>, Template> = true;

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

/// Seconds or finer, in 64 bits.
template <class T>
inline constexpr bool is_time = false;
template <class P>
inline constexpr bool
    is_time<std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<std::int64_t, P>>> =
        std::ratio_less_equal_v<P, std::ratio<1>>;

template <class T>
inline constexpr bool is_duration = false;

template <class T, class... Us>
concept one_of_types = (std::same_as<T, Us> || ...);

/// Numbers; characters are none.
template <class T>
concept integer = std::integral<T> && !one_of_types<T, bool, char, wchar_t, char8_t, char16_t, char32_t>;
template <class T>
concept real = one_of_types<T, float, double>;
template <class T>
concept timestamp = is_time<T>;

template <class Count, class Period>
inline constexpr bool is_duration<std::chrono::duration<Count, Period>> = integer<Count> || real<Count>;
template <class T>
concept time_span = is_duration<T>;

/// What `describe` is looked up with, to see whether there is one.
class probe;

template <class T>
concept described = std::is_class_v<T> && requires(probe& d, T& t) {
  describe(d, t);
};
template <class T>
concept enumeration = std::is_enum_v<T> && requires(probe& d, T& t) {
  describe(d, t);
};

/// Converts to a T, but is none.
template <class T>
struct copy_of {
  operator T() const;
};
template <class T>
struct no_copy_of {};
/// `describe(D& d, order o)` without the &: it takes what converts to a T, so nothing that it reads would arrive in the T. A template that takes
/// all types, `auto&& o`, is right.
template <class T>
concept described_as_copy = described<T> && requires(probe& d, copy_of<T> given) {
  describe(d, given);
} && !requires(probe & d, no_copy_of<T> given) {
  describe(d, given);
};

template <class T>
concept fixed_list = is_specialization<T, std::tuple> || is_specialization<T, std::pair> || is_array<T>;
/// May be nil: std::optional and the owning pointers.
template <class T>
concept nullable = is_specialization<T, std::optional> || is_specialization<T, std::unique_ptr> ||
    is_specialization<T, std::shared_ptr>;
template <class T>
concept map_like = !described<T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept set_like = !described<T> && !map_like<T> && requires {
  typename T::key_type;
  requires std::same_as<typename T::key_type, typename T::value_type>;
};
/// A sequence of the standard library or of another that has its interface, such as std::deque.
template <class T>
concept sequence = requires {
  typename T::value_type;
  requires(!std::same_as<typename T::value_type, T>);
}
&&!described<T> && !set_like<T> && !map_like<T> && requires(T & t) {
  { t.emplace_back() } -> std::same_as<typename T::value_type&>;
  t.push_back(std::declval<typename T::value_type>());
  t.clear();
  t.size();
  t.begin();
};
template <class T>
concept vector_like = (is_specialization<T, std::vector> || sequence<T>)&&!std::same_as<T, bytes>;

template <class T>
inline constexpr bool is_message =
    integer<T> || real<T> || timestamp<T> || time_span<T> || described<T> || enumeration<T> ||
    one_of_types<T, bool, std::string, bytes, nothing, std::monostate, raw, value>;
template <vector_like T>
inline constexpr bool is_message<T> = is_message<typename T::value_type>;
template <set_like T>
inline constexpr bool is_message<T> = is_message<typename T::key_type>;
template <map_like T>
inline constexpr bool is_message<T> = is_message<typename T::key_type>&& is_message<typename T::mapped_type>;
template <class T, std::size_t N>
inline constexpr bool is_message<std::array<T, N>> = is_message<T>;
template <class... Ts>
inline constexpr bool is_message<std::tuple<Ts...>> = (is_message<Ts> && ...);
template <class A, class B>
inline constexpr bool is_message<std::pair<A, B>> = is_message<A>&& is_message<B>;
template <class... Ts>
inline constexpr bool is_message<std::variant<Ts...>> = (is_message<Ts> && ...);
template <class T>
inline constexpr bool is_message<std::optional<T>> = is_message<T>;
template <class T>
inline constexpr bool is_message<std::unique_ptr<T>> = is_message<T>;
template <class T>
inline constexpr bool is_message<std::shared_ptr<T>> = is_message<T>;

/// T is a plain pointer, which owns nothing, or a template of one, such as std::vector<T*>.
template <class T>
inline constexpr bool has_plain_pointer = std::is_pointer_v<T> || std::is_null_pointer_v<T>;
template <template <class...> class Template, class... Ts>
inline constexpr bool has_plain_pointer<Template<Ts...>> = (has_plain_pointer<Ts> || ...);
template <class T, std::size_t N>
inline constexpr bool has_plain_pointer<std::array<T, N>> = has_plain_pointer<T>;

/// T is a view, which refers to what somebody else owns, or a template of one, such as std::vector<std::string_view>.
template <class T>
inline constexpr bool has_view = false;
template <>
inline constexpr bool has_view<std::string_view> = true;
template <class T, std::size_t N>
inline constexpr bool has_view<std::span<T, N>> = true;
template <template <class...> class Template, class... Ts>
inline constexpr bool has_view<Template<Ts...>> = (has_view<Ts> || ...);
template <class T, std::size_t N>
inline constexpr bool has_view<std::array<T, N>> = has_view<T>;

/// A text in any form travels as a std::string. nullptr is none, although it converts to a view before C++23.
template <class T>
using as_message =
    std::conditional_t<!is_message<T> && !std::is_null_pointer_v<T> && std::convertible_to<T, std::string_view>,
                       std::string, T>;
/// v as it travels: itself, or the string.
template <class T>
decltype(auto) to_message(const T& v) {
  if constexpr (std::is_same_v<as_message<T>, T>) {
    return (v);
  } else {
    return std::string(std::string_view(v));
  }
}

/// How each type is read, written and introspected.
template <class T>
struct codec;

} // namespace detail

/// Whatever can travel: see docs/types.md. A struct or an enumeration becomes one by a `describe` beside it.
template <class T>
concept message = detail::is_message<T>;

} // namespace swill
