#pragma once

#include "libswill/api/any_message.hpp"
#include "libswill/api/connection.hpp"
#include "libswill/api/metadata.hpp"
#include "libswill/api/types/kinds.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/base/task.hpp"
#include "libswill/base/temporaries.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace swill {

class context;

/// How a request ended, for after_request. What follows `code` is there for those hooks alone.
struct outcome {
  enum class kind : std::uint8_t { ok, error, cancelled };
  kind how = kind::ok;
  std::int64_t code = 0;       ///< of the ERROR, when how == kind::error
  clock_duration duration{};   ///< from the turn of its loop in which the request came, to its last envelope
  std::uint64_t items_in = 0;  ///< messages of the client that were decoded; 1 for a unary request
  std::uint64_t items_out = 0; ///< messages that answered it
  std::uint64_t bytes_in = 0;  ///< of the client's messages, without envelopes
  std::uint64_t bytes_out = 0; ///< of what answered it, with envelopes
};

namespace detail {

/// One hook: a plain function or a coroutine. One of the two is set, unless the app was given a null one, which its check tells of. It may
/// take fewer arguments, from the front.
template <class... Args>
struct hook {
  std::function<void(Args...)> plain;
  std::function<task<void>(Args...)> awaiting;
  std::string tag{}; ///< handlers without it have no such hook; empty: it is for all
  bool has_none() const noexcept { return !plain && !awaiting; }
};

/// Says what a hook that is given these takes.
template <class F, class... Args>
constexpr void refuse_hook() {
  using given = void(Args...);
  static_assert(!std::is_same_v<given, void(context&)>, "this hook takes (swill::context&)");
  static_assert(!std::is_same_v<given, void(context&, metadata&)>,
                "this hook takes (swill::context&, swill::metadata&), or the first alone");
  static_assert(!std::is_same_v<given, void(context&, bytes&)>,
                "this hook takes (swill::context&, swill::bytes&), or the first alone");
  static_assert(!std::is_same_v<given, void(context&, any_message&)>,
                "this hook takes (swill::context&, swill::any_message&), or the first alone");
  static_assert(!std::is_same_v<given, void(context&, const outcome&)>,
                "this hook takes (swill::context&, const swill::outcome&), or the first alone");
  static_assert(!std::is_same_v<given, void(connection&)>, "this hook takes (swill::connection&)");
  static_assert(!std::is_same_v<given, void(connection&, const close_reason&)>,
                "this hook takes (swill::connection&, const swill::close_reason&), or the first alone");
}

/// F can be called with what is given, or with the first of it alone.
template <class F, class First, class... Rest>
inline constexpr bool fits = std::is_invocable_v<F&, First, Rest...> || std::is_invocable_v<F&, First>;

template <class F, class First, class... Rest>
auto fit_arguments(F f) {
  if constexpr (std::is_invocable_v<F&, First, Rest...>) {
    return f;
  } else {
    return [f = std::move(f)](First first, Rest...) mutable { return f(static_cast<First>(first)); };
  }
}

template <class... Args, class F>
hook<Args...> make_hook(F f) {
  if constexpr (!fits<F, Args...>) {
    refuse_hook<F, Args...>();
    return {};
  } else {
    if (is_null(f)) return {};
    auto fitted = fit_arguments<F, Args...>(std::move(f));
    using result_type = std::invoke_result_t<decltype(fitted)&, Args...>;
    if constexpr (std::is_same_v<result_type, task<void>>) {
      return {nullptr, std::move(fitted)};
    } else if constexpr (std::is_void_v<result_type>) {
      return {std::move(fitted), nullptr};
    } else {
      static_assert(refused<F>, "a hook returns void or swill::task<void>; what returns a bool goes to app.require");
      return {};
    }
  }
}

// --- Rules: functions that say who may. Each gives nothing or a bool, or an R where its place wants one, or a task of one of them. It says no by
// false, which is ERROR 403, or by throwing, best an error of its own.

/// Throws ERROR 403.
[[noreturn]] void refuse();

template <class Result>
struct rule_result {
  using type = Result;
};
template <class T>
struct rule_result<task<T>> {
  using type = T;
};
/// A function that returns this may be a rule where an R is wanted.
template <class Result, class R>
inline constexpr bool is_ruling = one_of_types<typename rule_result<Result>::type, void, bool, R>;

/// The R that a rule has given, or a fresh one for its true; its false is refused.
template <class R, class Given>
R ruled(Given given) {
  if constexpr (std::is_same_v<Given, bool>) {
    if (!given) refuse();
    return R();
  } else {
    return given;
  }
}

/// Calls a rule that is a plain function.
template <class R, class F, class... Args>
R call_rule(F& f, Args&... args) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, Args&...>>) {
    f(args...);
    return R();
  } else {
    return ruled<R>(f(args...));
  }
}
/// Calls any rule.
template <class R, class F, class... Args>
task<R> await_rule(F& f, Args&... args) {
  using result_type = std::invoke_result_t<F&, Args&...>;
  if constexpr (!any_task<result_type>) {
    co_return call_rule<R>(f, args...);
  } else if constexpr (std::is_void_v<typename result_type::value_type>) {
    co_await f(args...);
    co_return R();
  } else {
    auto given = co_await f(args...);
    co_return ruled<R>(std::move(given));
  }
}

/// A rule as a hook of requests.
template <class F>
hook<context&> make_rule(F f) {
  if constexpr (!std::is_invocable_v<F&, context&>) {
    static_assert(refused<F>,
                  "a rule is a function of a swill::context&, which gives nothing or a bool, or a "
                  "swill::task of one of them; only require may have a tag before it: require(\"write\", f)");
    return {};
  } else if constexpr (!is_ruling<std::invoke_result_t<F&, context&>, void>) {
    static_assert(refused<F>, "a rule gives nothing or a bool, or a swill::task of one of them: false is ERROR 403");
    return {};
  } else {
    if (is_null(f)) return {};
    if constexpr (any_task<std::invoke_result_t<F&, context&>>) {
      return {nullptr, [f = std::move(f)](context& c) mutable { return await_rule<void>(f, c); }};
    } else {
      return {[f = std::move(f)](context& c) mutable { call_rule<void>(f, c); }, nullptr};
    }
  }
}

template <class... Args>
using hook_list = std::vector<hook<Args...>>;

/// Runs the hooks of a list one after the other.
template <class... Args>
task<void> run_hooks(const hook_list<Args...>& hooks, std::type_identity_t<Args>... args) {
  for (const auto& h : hooks) {
    if (h.plain) {
      h.plain(args...);
    } else {
      co_await h.awaiting(args...);
    }
  }
}

/// Runs hooks of a list from number `next` on until one of them waits: gives its task, an empty one when all have run. What has nothing to wait
/// for needs no coroutine around it, and a hook may say so by an empty task.
template <class... Args>
task<void> next_wait(const hook_list<Args...>& hooks, std::size_t& next, std::type_identity_t<Args>... args) {
  while (next < hooks.size()) {
    const auto& h = hooks[next++];
    if (h.plain) {
      h.plain(args...);
    } else if (task<void> waits = h.awaiting(args...)) {
      return waits;
    }
  }
  return {};
}

/// Runs the hooks of a list of plain functions, one after the other.
template <class... Args>
void call_hooks(const hook_list<Args...>& hooks, std::type_identity_t<Args>... args) {
  for (const auto& h : hooks) h.plain(args...);
}

template <class... Args>
bool are_plain(const hook_list<Args...>& hooks) noexcept {
  return std::all_of(hooks.begin(), hooks.end(), [](const auto& h) { return static_cast<bool>(h.plain); });
}

/// The hooks of one request's way (docs/protocol.md §7), in the order in which they run.
struct request_hooks {
  request_hooks() noexcept;
  request_hooks(const request_hooks&);
  request_hooks(request_hooks&&) noexcept;
  request_hooks& operator=(const request_hooks&);
  request_hooks& operator=(request_hooks&&) noexcept;
  ~request_hooks();

  hook_list<context&> before_request;
  hook_list<context&, metadata&> before_request_metadata;
  hook_list<context&, bytes&> before_request_data;
  hook_list<context&, any_message&> before_request_message;
  hook_list<context&, metadata&> before_leading_metadata;
  hook_list<context&, any_message&> before_response_message;
  hook_list<context&, metadata&> before_trailing_metadata;
  hook_list<context&, const outcome&> after_request;

  bool has_input() const noexcept { return !before_request_data.empty() || !before_request_message.empty(); }
  bool has_output() const noexcept { return !before_response_message.empty() || !before_leading_metadata.empty(); }
  bool empty() const noexcept {
    return before_request.empty() && before_request_metadata.empty() && !has_input() && !has_output() &&
           before_trailing_metadata.empty() && after_request.empty();
  }
  /// All of them are plain functions, which nothing can suspend.
  bool are_all_plain() const noexcept;
};

struct connection_hooks {
  connection_hooks() noexcept;
  connection_hooks(const connection_hooks&);
  connection_hooks(connection_hooks&&) noexcept;
  connection_hooks& operator=(const connection_hooks&);
  connection_hooks& operator=(connection_hooks&&) noexcept;
  ~connection_hooks();

  hook_list<connection&> before_connection;
  hook_list<connection&> before_accept;
  hook_list<connection&> after_accept;
  hook_list<connection&, const close_reason&> after_connection;
};

} // namespace detail
} // namespace swill
