#pragma once

#include "libswill/api/context.hpp"
#include "libswill/api/types/kinds.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/task.hpp"
#include "pubsub/topic.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace swill {

/// What a rule says about one client's subscription.
struct grant {
  /// Called with each message on its way to this client: gives what the client gets in its place, or nothing. Runs on the client's I/O
  /// thread and must not block. Unset: the message as it is, which costs nothing.
  std::function<std::optional<value>(const value& message)> filter{};
  /// What the topic's presence says of this client.
  value member{};
};

namespace detail {

using subscribe_rule = std::function<task<grant>(context&, const std::string& topic)>;
using publish_rule = std::function<task<void>(context&, const std::string& topic, value& message)>;
using presence_rule = std::function<task<void>(context&, const std::string& topic)>;

/// Rules by pattern. The first that fits decides.
template <class Rule>
class topic_rules {
public:
  void add(std::string_view pattern, Rule r) { rules_.emplace_back(topic_pattern{pattern}, std::move(r)); }
  /// Adds rules without a function, and those that can never decide, because another one stands before them. `path` is what the rules are
  /// called.
  void check(const std::string& path, mistake_list& out) const {
    for (const auto& [pattern, rule] : rules_) {
      if (!rule) out.add(path + "." + pattern.text(), "is null; a function would be right");
    }
    for (auto late = rules_.begin(); late != rules_.end(); ++late) {
      const auto covers = [&late](const auto& early) { return early.first.covers(late->first); };
      const auto early = std::find_if(rules_.begin(), late, covers);
      if (early == late) continue;
      out.add(path + "." + late->first.text(),
              "never decides: the rule for " + early->first.text() +
                  " stands before it and fits all of its topics; the other order would be right");
    }
  }
  const Rule* find(std::string_view topic) const noexcept {
    for (const auto& [pattern, rule] : rules_) {
      if (pattern.matches(topic)) return &rule;
    }
    return nullptr;
  }

private:
  std::vector<std::pair<topic_pattern, Rule>> rules_;
};

/// Calls f, which may be a coroutine, and may give nothing where R is wanted.
template <class R, class F, class... Args>
task<R> apply_rule(const F& f, Args&... args) {
  using result_type = std::invoke_result_t<const F&, Args&...>;
  if constexpr (std::is_void_v<R>) {
    if constexpr (any_task<result_type>) {
      co_await f(args...);
    } else {
      f(args...);
    }
  } else if constexpr (any_task<result_type>) {
    if constexpr (std::is_void_v<typename result_type::value_type>) {
      co_await f(args...);
      co_return R{};
    } else {
      co_return co_await f(args...);
    }
  } else if constexpr (std::is_void_v<result_type>) {
    f(args...);
    co_return R{};
  } else {
    co_return f(args...);
  }
}

template <class F>
subscribe_rule make_subscribe_rule(F f) {
  if (is_null(f)) return {}; // which a check tells of
  return [f = std::move(f)](context& c, const std::string& topic) { return apply_rule<grant>(f, c, topic); };
}
template <class F>
publish_rule make_publish_rule(F f) {
  if (is_null(f)) return {}; // which a check tells of
  if constexpr (std::is_invocable_v<const F&, context&, const std::string&, value&>) {
    return [f = std::move(f)](context& c, const std::string& topic, value& message) {
      return apply_rule<void>(f, c, topic, message);
    };
  } else {
    return [f = std::move(f)](context& c, const std::string& topic, value&) { return apply_rule<void>(f, c, topic); };
  }
}
template <class F>
presence_rule make_presence_rule(F f) {
  if (is_null(f)) return {}; // which a check tells of
  return [f = std::move(f)](context& c, const std::string& topic) { return apply_rule<void>(f, c, topic); };
}

} // namespace detail
} // namespace swill
