#pragma once

#include "libswill/api/context.hpp"
#include "libswill/api/hooks.hpp"
#include "libswill/api/serving/signature.hpp"
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

/// F can be seen to take a third parameter by value: the message, whose change would be lost.
template <class F>
inline constexpr bool takes_message_copy = false;
template <class F>
requires(signature<F>::count == 3) inline constexpr bool takes_message_copy<F> =
    !std::is_reference_v<typename signature<F>::last_parameter_type>;

/// f as a rule that is given Args and gives an R. It is asked on several threads at the same time, and so must be callable as const.
template <class R, class... Args, class F>
std::function<task<R>(Args...)> make_topic_rule(F f) {
  if constexpr (!fits<const F, Args...>) {
    static_assert(refused<F>,
                  "a rule takes (swill::context&, const std::string& topic), in allow_publish also "
                  "swill::value& message, or fewer of them from the front; it is called as const: its lambda "
                  "is not mutable");
    return {};
  } else if constexpr (takes_message_copy<F>) {
    static_assert(refused<F>, "a rule that takes the message by value changes a copy: write swill::value& message, or "
                              "const swill::value& message");
    return {};
  } else {
    if (is_null(f)) return {}; // which a check tells of
    auto fitted = fit_arguments<F, Args...>(std::move(f));
    if constexpr (is_ruling<std::invoke_result_t<decltype(fitted)&, Args...>, R>) {
      return [fitted = std::move(fitted)](Args... args) mutable { return await_rule<R>(fitted, args...); };
    } else {
      static_assert(refused<F>,
                    "a rule gives nothing, a bool, or, in allow_subscribe, a swill::grant, or a swill::task "
                    "of one of them: false is ERROR 403");
      return {};
    }
  }
}

template <class F>
subscribe_rule make_subscribe_rule(F f) {
  return make_topic_rule<grant, context&, const std::string&>(std::move(f));
}
template <class F>
presence_rule make_presence_rule(F f) {
  return make_topic_rule<void, context&, const std::string&>(std::move(f));
}
template <class F>
publish_rule make_publish_rule(F f) {
  constexpr bool sees_message = std::is_invocable_v<const F&, context&, const std::string&, value&>;
  if constexpr (!sees_message && std::is_invocable_v<const F&, context&, const std::string&>) {
    if (is_null(f)) return {};
    return [rule = make_presence_rule(std::move(f))](context& c, const std::string& topic, value&) {
      return rule(c, topic);
    };
  } else {
    return make_topic_rule<void, context&, const std::string&, value&>(std::move(f));
  }
}

} // namespace detail
} // namespace swill
