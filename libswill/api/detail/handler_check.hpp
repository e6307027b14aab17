#pragma once

#include "libswill/api/request.hpp"
#include "libswill/api/serving/handler.hpp"
#include "libswill/api/serving/signature.hpp"
#include "libswill/api/types/kinds.hpp"
#include "libswill/base/result.hpp"
#include "libswill/base/stream.hpp"
#include "libswill/base/task.hpp"
#include "libswill/base/temporaries.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

// What is no handler is told so in one line, before anything else is made of it.

namespace swill::detail {

template <class A>
struct request_argument {
  static constexpr bool is_request = false;
};
template <class T>
struct request_argument<request<T>> {
  using type = T;
  static constexpr bool is_request = true;
  static constexpr bool streams = false;
};
template <class T>
struct request_argument<streaming_request<T>> {
  using type = T;
  static constexpr bool is_request = true;
  static constexpr bool streams = true;
};

/// void is sent as nil, result<T> as its T, a text of any form as a string.
template <class R>
struct plain_result {
  using type = as_message<R>;
};
template <>
struct plain_result<void> {
  using type = nothing;
};
template <class T>
struct plain_result<result<T>> {
  using type = T;
};
template <>
struct plain_result<result<void>> : plain_result<void> {};

enum class shape : std::uint8_t { plain, task, stream };

template <class R>
struct handler_result : plain_result<R> {
  static constexpr shape how = shape::plain;
};
template <class R>
struct handler_result<task<R>> : plain_result<R> {
  using awaited_type = R;
  static constexpr shape how = shape::task;
};
template <class R>
struct handler_result<stream<R>> {
  using type = R;
  using awaited_type = R;
  static constexpr shape how = shape::stream;
};

/// A function marked by swill::blocking.
template <class F>
struct blocking_function {
  F function;
};

// --- What may be wrong with it

enum class handler_problem : std::uint8_t {
  none,
  no_function,
  lone_member,
  qualified_member,
  blocking_member,
  no_parameter,
  several_parameters,
  other_parameter,
  changes,
  not_moved,
  by_reference,
  reference_result,
  reference_awaited, ///< which its promise has said
  const_result,
  coroutine_by_reference,
  unread_stream,
  blocking_coroutine,
  borrowed_text,
  request_of_void,
  request_not_owning,
  request_of_text,
  request_holds_const,
  request_cannot_travel,
  request_has_no_default,
  result_waits,
  result_not_owning,
  result_holds_views,
  result_never_there,
  result_cannot_travel,
  no_object,
  copied_object,
};

/// R refers to a text that somebody else owns.
template <class R>
inline constexpr bool borrows_text = !std::is_same_v<as_message<R>, R>;

/// T itself is const, or what it holds is, as in std::shared_ptr<const T>.
template <class T>
inline constexpr bool is_or_holds_const = std::is_const_v<T>;
template <nullable T>
inline constexpr bool is_or_holds_const<T> = std::is_const_v<std::remove_reference_t<decltype(*std::declval<T&>())>>;

/// Of the T of a request, which cannot travel.
template <class T>
consteval handler_problem problem_of_data() {
  if constexpr (std::is_same_v<T, char> || has_view<T> ||
                (borrows_text<T> && !std::is_reference_v<T> && !std::is_const_v<T>)) {
    return handler_problem::request_of_text;
  } else if constexpr (std::is_reference_v<T> || std::is_const_v<T> || has_plain_pointer<T>) {
    return handler_problem::request_not_owning;
  } else if constexpr (is_or_holds_const<T>) {
    return handler_problem::request_holds_const;
  } else {
    return handler_problem::request_cannot_travel;
  }
}

/// R is no result, but something to wait for until it gives one.
template <class R>
inline constexpr bool is_awaitable = requires(R r) {
  std::move(r).operator co_await();
}
|| requires(R r) { r.await_ready(); };
template <class R>
inline constexpr bool is_future = requires(R r) {
  r.wait(), r.get();
};

template <class R>
consteval handler_problem problem_of_result() {
  using result_is = handler_result<R>;
  if constexpr (std::is_const_v<R> || is_or_holds_const<typename result_is::type>) return handler_problem::const_result;
  if constexpr (result_is::how != shape::plain) {
    if constexpr (std::is_reference_v<typename result_is::awaited_type>) return handler_problem::reference_awaited;
    if constexpr (borrows_text<typename result_is::awaited_type>) return handler_problem::borrowed_text;
  }
  if constexpr (borrows_text<typename result_is::type>)
    return handler_problem::borrowed_text; // result<std::string_view>
  if constexpr (!is_message<typename result_is::type>) {
    if (is_awaitable<typename result_is::type> || is_future<typename result_is::type>)
      return handler_problem::result_waits;
    if (has_view<typename result_is::type>) return handler_problem::result_holds_views;
    if (std::is_same_v<typename result_is::type, std::nullopt_t>) return handler_problem::result_never_there;
    return has_plain_pointer<typename result_is::type> ? handler_problem::result_not_owning
                                                       : handler_problem::result_cannot_travel;
  }
  return handler_problem::none;
}

/// S is the signature of a function that may be called as its constness says.
template <class S, bool Blocking>
consteval handler_problem problem_of_signature() {
  if constexpr (S::count == 0) {
    return handler_problem::no_parameter;
  } else if constexpr (S::count > 1) {
    return handler_problem::several_parameters;
  } else if constexpr (!request_argument<typename S::argument_type>::is_request) {
    return handler_problem::other_parameter;
  } else if constexpr (std::is_reference_v<typename S::result_type>) {
    return handler_problem::reference_result;
  } else {
    using parameter = typename S::parameter_type;
    using argument = request_argument<typename S::argument_type>;
    constexpr shape how = handler_result<typename S::result_type>::how;
    if constexpr (how != shape::plain && std::is_reference_v<parameter>) {
      return handler_problem::coroutine_by_reference;
    } else if constexpr (std::is_lvalue_reference_v<parameter> &&
                         !std::is_const_v<std::remove_reference_t<parameter>>) {
      return handler_problem::by_reference;
    } else if constexpr (Blocking && (how != shape::plain || argument::streams)) {
      return handler_problem::blocking_coroutine;
    } else if constexpr (argument::streams && how == shape::plain) {
      return handler_problem::unread_stream;
    } else if constexpr (std::is_void_v<typename argument::type>) {
      return handler_problem::request_of_void;
    } else if constexpr (!is_message<typename argument::type> || is_or_holds_const<typename argument::type>) {
      return problem_of_data<typename argument::type>();
    } else if constexpr (!std::is_default_constructible_v<typename argument::type>) {
      return handler_problem::request_has_no_default;
    } else {
      return problem_of_result<typename S::result_type>();
    }
  }
}

template <class F, bool Blocking = false>
consteval handler_problem problem_of_handler() {
  if constexpr (std::is_member_pointer_v<F>) {
    return handler_problem::lone_member;
  } else if constexpr (!requires { signature<F>::count; }) {
    return handler_problem::no_function;
  } else if constexpr (!signature<F>::is_const) {
    return handler_problem::changes;
  } else {
    return problem_of_signature<signature<F>, Blocking>();
  }
}

template <class M>
concept member_function = std::is_member_function_pointer_v<M>;
/// What may be given with one, so that the options of a lone one are not taken for its object.
template <class O>
concept member_object = !std::same_as<std::remove_cvref_t<O>, handler_options>;

/// Of a member function M and the object given with it, O as deduced for a parameter O&&.
template <class M, class O>
consteval handler_problem problem_of_member() {
  using object = std::decay_t<O>;
  if constexpr (!requires { signature<M>::count; }) {
    return handler_problem::qualified_member;
  } else {
    constexpr handler_problem p = problem_of_signature<signature<M>, false>();
    if constexpr (p != handler_problem::none) {
      return p;
    } else {
      using parameter = typename signature<M>::parameter_type;
      if constexpr (std::is_constructible_v<object, O> && std::is_invocable_v<M, const object&, parameter>) {
        return handler_problem::none;
      } else if constexpr (std::is_invocable_v<M, object&, parameter>) {
        return handler_problem::copied_object;
      } else {
        return handler_problem::no_object;
      }
    }
  }
}

/// Says what is wrong with F, if anything is.
template <class F, handler_problem P>
constexpr void check_handler() {
  using enum handler_problem;
  static_assert(P != no_function,
                "a handler is a function, or an object with one operator(), of one swill::request<T> or "
                "swill::streaming_request<T>; its parameter's type is written out, not auto, and what std::bind and "
                "std::bind_front give stands in a lambda");
  static_assert(P != lone_member, "a member function needs its object, which must outlive the app's servers: "
                                  "app.handle(\"get\", &shop::get, &my_shop)");
  static_assert(P != qualified_member,
                "a member function that is a handler has neither & nor && nor volatile after its parameter");
  static_assert(P != blocking_member,
                "swill::blocking takes no member function with its object: give it a lambda that calls it");
  static_assert(P != no_parameter, "a handler takes one swill::request<T> or swill::streaming_request<T>, not nothing: "
                                   "swill::request<> is one without data");
  static_assert(P != several_parameters,
                "a handler takes one swill::request<T> or swill::streaming_request<T>, not several parameters: "
                "T may be a struct or a std::tuple");
  static_assert(P != other_parameter,
                "a handler takes one swill::request<T> or swill::streaming_request<T>, and this type is neither");
  static_assert(P != changes,
                "a handler is called as const, for several requests at the same time: its operator() is const, and its "
                "lambda not mutable");
  static_assert(P != not_moved, "the app takes a copy of a handler, and this one cannot be copied: write std::move(f)");
  static_assert(P != by_reference, "a handler takes its request by value, not by reference");
  static_assert(P != reference_result, "a handler returns a value, not a reference");
  static_assert(
      P != const_result,
      "a handler's result is not const, and neither is what a std::optional, std::unique_ptr or std::shared_ptr "
      "of it holds: leave the const away");
  static_assert(P != coroutine_by_reference,
                "a coroutine takes its request by value: a reference dangles when it has waited once");
  static_assert(P != unread_stream, "a handler of a swill::streaming_request is a coroutine that reads it: it returns "
                                    "swill::task<R> or swill::stream<R>");
  static_assert(P != blocking_coroutine,
                "a blocking handler is a plain function of one message; use swill::on_pool in coroutines");
  static_assert(P != borrowed_text,
                "this result refers to a text that may be gone when it is sent: return std::string instead");
  static_assert(P != request_of_void, "a request without data is swill::request<>, not swill::request<void>");
  static_assert(P != request_not_owning,
                "a request owns its data: T of this swill::request<T> is written without const, & or *");
  static_assert(P != request_of_text,
                "a request owns its text: take swill::request<std::string>, and std::string in what else it holds");
  static_assert(
      P != request_holds_const,
      "what a std::optional, std::unique_ptr or std::shared_ptr in a swill::request holds is not const: leave "
      "the const away");
  static_assert(P != request_cannot_travel,
                "swill: T of this swill::request<T> cannot travel (docs/types.md); a struct or an enumeration needs, "
                "in its namespace, template <class D> void describe(D& d, order& o)");
  static_assert(P != request_has_no_default, "swill: T of this swill::request<T> needs a default constructor");
  static_assert(P != result_waits,
                "a handler that waits is a coroutine, which returns swill::task<R>, and co_awaits what "
                "it waits for");
  static_assert(P != result_not_owning,
                "a handler's result owns its data, and plain pointers never travel: return the value itself, or a "
                "std::optional<T>, std::unique_ptr<T> or std::shared_ptr<T>, which are nil where there is none");
  static_assert(P != result_holds_views,
                "this result has views of what may be gone when it is sent: return std::string instead of "
                "std::string_view, std::vector instead of std::span");
  static_assert(P != result_never_there,
                "std::nullopt alone says no type: the handler's result is a std::optional<T>, which its lambda names "
                "by -> std::optional<T>");
  static_assert(P != result_cannot_travel,
                "swill: this handler's result cannot travel (docs/types.md); a struct or an enumeration needs, in its "
                "namespace, template <class D> void describe(D& d, order& o)");
  static_assert(P != no_object, "this object has no such member function");
  static_assert(P != copied_object,
                "the app would keep a copy of this object, which is const, or cannot be: give a pointer, std::ref or a "
                "std::shared_ptr instead: app.handle(\"get\", &shop::get, &my_shop)");
}

/// A member function and its object as one function, whose parameter is written out.
template <class M, class O>
auto bind_member(M f, O object) {
  using parameter = typename signature<M>::parameter_type;
  using result_type = as_message<typename signature<M>::result_type>;
  return [f, object = std::move(object)](parameter r) -> result_type {
    return static_cast<result_type>(std::invoke(f, object, static_cast<parameter&&>(r)));
  };
}

} // namespace swill::detail
