#include "libswill/api/types/schema_rules.hpp"

#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <compare>
#include <exception>
#include <type_traits>
#include <utility>

namespace swill::detail {

namespace {

std::optional<number> number_of(const value& v) {
  if (const auto* i = v.get_if<std::int64_t>()) return number{*i};
  if (const auto* u = v.get_if<std::uint64_t>()) return number{*u};
  if (const auto* d = v.get_if<double>()) return number{*d};
  return std::nullopt;
}

} // namespace

std::optional<schema_rule> rule_of(std::string_view name, const value& v) {
  static constexpr std::pair<std::string_view, rule_kind> bounds[] = {{"gt", rule_kind::gt},
                                                                      {"ge", rule_kind::ge},
                                                                      {"lt", rule_kind::lt},
                                                                      {"le", rule_kind::le},
                                                                      {"multiple_of", rule_kind::multiple_of}};
  for (const auto& [known, kind] : bounds) {
    const auto n = number_of(v);
    if (name == known && n) return schema_rule{kind, *n};
  }
  const auto* i = v.get_if<std::int64_t>();
  if (i != nullptr && *i >= 0 && (name == "min_length" || name == "max_length_exclusive")) {
    schema_rule r{name == "min_length" ? rule_kind::least : rule_kind::end};
    r.size = static_cast<std::size_t>(*i);
    return r;
  }
  if (const auto* s = v.get_if<std::string>(); s != nullptr && name == "pattern") {
    try {
      matches(*s, ""); // compiles it
    } catch (const std::exception&) {
      return std::nullopt;
    }
    schema_rule r{rule_kind::pattern};
    r.text = *s;
    return r;
  }
  if (const auto* all = v.get_if<value_array>(); all != nullptr && name == "one_of") {
    schema_rule r{rule_kind::one_of};
    for (const value& c : *all) {
      if (const auto* s = c.get_if<std::string>()) r.texts.push_back(*s);
      if (const auto n = number_of(c)) r.numbers.push_back(*n);
    }
    return r;
  }
  return std::nullopt;
}

namespace {

bool applies_to_number(rule_kind k) noexcept { return k <= rule_kind::multiple_of || k == rule_kind::one_of; }

/// Calls `f` with the rule that `r`, one of those with a bound, stands for.
template <class F>
auto with_bound(const schema_rule& r, F f) {
  switch (r.kind) {
    case rule_kind::gt: return f(gt{r.bound});
    case rule_kind::ge: return f(ge{r.bound});
    case rule_kind::lt: return f(lt{r.bound});
    case rule_kind::le: return f(le{r.bound});
    default: return f(multiple_of{r.bound});
  }
}

template <class T>
bool holds(const schema_rule& r, T v) {
  if (r.kind != rule_kind::one_of) return with_bound(r, [v](const auto& rule) { return rule.holds(v); });
  return r.numbers.empty() ||
         std::any_of(r.numbers.begin(), r.numbers.end(), [v](const number& n) { return std::is_eq(n.order_of(v)); });
}

template <class T>
std::string problem_of(const schema_rule& r, T v) {
  if (r.kind != rule_kind::one_of) return with_bound(r, [v](const auto& rule) { return rule.problem(v); });
  return "Not one of: " + list_text(r.numbers.data(), r.numbers.size());
}

template <class T>
void check(decoder& in, T v, const schema_rules& all) {
  for (const schema_rule& r : all) {
    if (!applies_to_number(r.kind) || holds(r, v)) continue;
    // A float of 32 bits is checked after it was rounded; which of the two it is, the description does not say.
    if constexpr (std::is_same_v<T, double>) {
      if (holds(r, static_cast<float>(v))) continue;
    }
    in.problem(problem_of(r, v));
  }
}

} // namespace

void check_number(decoder& in, std::int64_t v, const schema_rules& all) { check(in, v, all); }
void check_number(decoder& in, std::uint64_t v, const schema_rules& all) { check(in, v, all); }
void check_number(decoder& in, double v, const schema_rules& all) { check(in, v, all); }

void check_size(decoder& in, std::size_t at_least, std::size_t at_most, const schema_rules& all) {
  for (const schema_rule& r : all) {
    if (r.kind == rule_kind::least && at_most < r.size) in.problem("length less than " + std::to_string(r.size));
    if (r.kind == rule_kind::end && at_least >= r.size)
      in.problem("length greater than or equal to " + std::to_string(r.size));
  }
}

void check_text(decoder& in, std::string_view s, const schema_rules& all) {
  for (const schema_rule& r : all) {
    if (r.kind == rule_kind::pattern && !matches(r.text, s)) in.problem("Does not match pattern: " + r.text);
    if (r.kind == rule_kind::least || r.kind == rule_kind::end) {
      const std::size_t n = count_code_points(s);
      check_size(in, n, n, {r});
    }
    if (r.kind == rule_kind::one_of && !r.texts.empty() &&
        std::find(r.texts.begin(), r.texts.end(), s) == r.texts.end()) {
      std::vector<std::string_view> views{r.texts.begin(), r.texts.end()};
      in.problem("Not one of: " + list_text(views.data(), views.size()));
    }
  }
}

} // namespace swill::detail
