#pragma once

#include <type_traits>

// g++ up to 12 destroys a temporary twice when it is initialized member by member, an aggregate or a lambda with captures, within the full
// expression of a co_await or co_yield. Functions that stand in such expressions refuse what may be one, with a sentence that says what
// to write instead. A function cannot see whether its rvalue is such a temporary, or one that was moved or returned, so it refuses all.

namespace swill::detail {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ <= 12
inline constexpr bool compiler_breaks_temporaries = true;
#else
inline constexpr bool compiler_breaks_temporaries = false;
#endif

/// A type whose temporaries the compiler may destroy twice.
template <class T>
concept fragile = compiler_breaks_temporaries && std::is_aggregate_v<T> && !std::is_trivially_destructible_v<T>;

/// The same of an argument, with T as deduced for a parameter T&&: an lvalue is safe.
template <class T>
concept fragile_temporary = !std::is_reference_v<T> && fragile<std::remove_cv_t<T>>;

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
