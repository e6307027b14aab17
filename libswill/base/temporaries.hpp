#pragma once

#include <concepts>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

// g++ up to 12 destroys a temporary twice when it is initialized member by member, an aggregate or a lambda with captures, within the full
// expression of a co_await or co_yield. Functions that stand in such expressions refuse what may be one, with a sentence that says what
// to write instead. A function cannot see whether its rvalue is such a temporary, or one that was moved or returned, so it refuses all.

namespace swill::detail {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ <= 12
inline constexpr bool compiler_breaks_temporaries = true;
#else
inline constexpr bool compiler_breaks_temporaries = false;
#endif

/// An aggregate that owns something, or what is made from one in the same expression: `std::optional{line{…}}`. Vectors and maps are not
/// looked into: there the compiler refuses their braces itself.
template <class T>
inline constexpr bool may_break = std::is_aggregate_v<T> && !std::is_trivially_destructible_v<T>;
template <class T>
inline constexpr bool may_break<std::optional<T>> = may_break<std::remove_cv_t<T>>;
template <class A, class B>
inline constexpr bool may_break<std::pair<A, B>> = may_break<std::remove_cv_t<A>> || may_break<std::remove_cv_t<B>>;
template <class... Ts>
inline constexpr bool may_break<std::tuple<Ts...>> = (may_break<std::remove_cv_t<Ts>> || ...);
template <class... Ts>
inline constexpr bool may_break<std::variant<Ts...>> = (may_break<std::remove_cv_t<Ts>> || ...);

/// A type whose temporaries the compiler may destroy twice, or those that they are made from.
template <class T>
concept fragile = compiler_breaks_temporaries && may_break<T>;

/// The same of an argument, with T as deduced for a parameter T&&: an lvalue is safe.
template <class T>
concept fragile_temporary = !std::is_reference_v<T> && fragile<std::remove_cv_t<T>>;
/// The same of what becomes a To on its way.
template <class T, class To>
concept fragile_temporary_for = fragile_temporary<T> && std::convertible_to<T, To>;

/// As fragile_temporary, where the argument is a function: lambdas are no aggregates, but treated as badly.
template <class F>
concept fragile_function =
    compiler_breaks_temporaries && !std::is_reference_v<F> && !std::is_trivially_destructible_v<std::remove_cv_t<F>>;

/// Always false, in a static_assert that depends on T.
template <class T>
inline constexpr bool refused = false;

/// `co_yield moved{x}` in code for all types of x: co_yield refuses std::move(x) where a compiler could break it. x lives in a variable.
template <class T>
struct moved {
  T& from;
};
template <class T>
moved(T&) -> moved<T>;

} // namespace swill::detail
