#pragma once

#include "libswill/api/any_message.hpp"
#include "libswill/api/connection.hpp"
#include "libswill/api/metadata.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/base/task.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace swill {

class context;

/// How a request ended, for after_request. What follows `code` is there for those hooks alone.
struct outcome {
  enum class kind { ok, error, cancelled };
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

template <class F, class First, class... Rest>
auto fit_arguments(F f) {
  if constexpr (std::is_invocable_v<F&, First, Rest...>) {
    return f;
  } else {
    static_assert(std::is_invocable_v<F&, First>, "this function does not take what the hook is given");
    return [f = std::move(f)](First first, Rest...) mutable { return f(static_cast<First>(first)); };
  }
}

template <class... Args, class F>
hook<Args...> make_hook(F f) {
  if (is_null(f)) return {};
  auto fitted = fit_arguments<F, Args...>(std::move(f));
  using result_type = std::invoke_result_t<decltype(fitted)&, Args...>;
  if constexpr (std::is_same_v<result_type, task<void>>) {
    return {nullptr, std::move(fitted)};
  } else {
    static_assert(std::is_void_v<result_type>, "a hook returns void or swill::task<void>");
    return {std::move(fitted), nullptr};
  }
}

/// Throws ERROR 403.
[[noreturn]] void refuse();

/// A hook of requests that says who may: `f(context&)` gives nothing or a bool, or a task of one of them. It says no by false, which is
/// ERROR 403, or by throwing, best an error of its own.
template <class F>
hook<context&> make_rule(F f) {
  if (is_null(f)) return {};
  using result_type = std::invoke_result_t<F&, context&>;
  if constexpr (std::is_same_v<result_type, task<bool>>) {
    const auto rule = [f = std::move(f)](context& c) mutable -> task<void> {
      const bool may = co_await f(c);
      if (!may) refuse();
    };
    return {nullptr, rule};
  } else if constexpr (std::is_same_v<result_type, bool>) {
    const auto rule = [f = std::move(f)](context& c) mutable {
      if (!f(c)) refuse();
    };
    return {rule, nullptr};
  } else {
    return make_hook<context&>(std::move(f));
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

/// The hooks of one request's way (docs/protocol.md §7), in the order in which they run.
struct request_hooks {
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
};

struct connection_hooks {
  hook_list<connection&> before_connection;
  hook_list<connection&> before_accept;
  hook_list<connection&> after_accept;
  hook_list<connection&, const close_reason&> after_connection;
};

} // namespace detail
} // namespace swill
