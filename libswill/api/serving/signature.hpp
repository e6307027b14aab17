#pragma once

#include <cstddef>
#include <type_traits>

namespace swill::detail {

/// The last of some types.
template <class... Ts>
struct last_of {
  using type = void;
};
template <class T, class... Ts>
struct last_of<T, Ts...> : last_of<Ts...> {};
template <class T>
struct last_of<T> {
  using type = T;
};

/// What a function's signature says.
template <class R, bool Const, class... As>
struct signature_of {
  using result_type = R;
  using last_parameter_type = typename last_of<As...>::type;
  static constexpr std::size_t count = sizeof...(As);
  static constexpr bool is_const = Const;
};
template <class R, bool Const, class A>
struct signature_of<R, Const, A> {
  using result_type = R;
  using parameter_type = A;
  using argument_type = std::remove_cvref_t<A>;
  static constexpr std::size_t count = 1;
  static constexpr bool is_const = Const;
};

/// Empty for what is no function, and for what has several signatures.
template <class F>
struct signature {};
template <class F>
requires requires { &F::operator(); }
struct signature<F> : signature<decltype(&F::operator())> {};
template <class R, class... As>
struct signature<R (*)(As...)> : signature_of<R, true, As...> {};
template <class R, class... As>
struct signature<R (*)(As...) noexcept> : signature_of<R, true, As...> {};
template <class R, class C, class... As>
struct signature<R (C::*)(As...)> : signature_of<R, false, As...> {};
template <class R, class C, class... As>
struct signature<R (C::*)(As...) noexcept> : signature_of<R, false, As...> {};
template <class R, class C, class... As>
struct signature<R (C::*)(As...) const> : signature_of<R, true, As...> {};
template <class R, class C, class... As>
struct signature<R (C::*)(As...) const noexcept> : signature_of<R, true, As...> {};
template <class R, class C, class... As>
struct signature<R (C::*)(As...) const&> : signature_of<R, true, As...> {};
template <class R, class C, class... As>
struct signature<R (C::*)(As...) const& noexcept> : signature_of<R, true, As...> {};

} // namespace swill::detail
