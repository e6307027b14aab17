#include "apps/cli/schema_diff.hpp"

#include "apps/cli/json.hpp"
#include "apps/cli/type_names.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace swill::cli {

namespace {

using node = schema::node;
using detail::rule_kind;

/// What has become of the values that a type takes.
enum class shift : std::uint8_t { fewer, more, other };

/// In a request fewer are refused values, in a response more are surprises.
impact impact_of(shift s, direction d) {
  if (s == shift::other) return impact::breaks;
  return (s == shift::fewer) == (d == direction::request) ? impact::breaks : impact::safe;
}

std::string plain_text(const node& type) {
  if (type.kind == schema_kind::nil) return "nil";
  return type.name.empty() ? "Any" : type.name;
}

bool takes_anything(const node& type) { return type.kind == schema_kind::any || type.kind == schema_kind::unknown; }

bool is_named_text(const node& type) { return type.kind == schema_kind::enumeration && type.numbers.empty(); }

/// The alternatives of a type: itself, where it is no union.
std::vector<const node*> alternatives_of(const node& type) {
  if (type.kind != schema_kind::choice) return {&type};
  std::vector<const node*> all;
  for (const node* part : type.parts) all.push_back(&resolved(*part));
  return all;
}

/// The values that one takes of those that the other takes; none: there is nothing in common.
std::optional<shift> converted_kind(const node& before, const node& after) {
  const auto is = [](const node& n, schema_kind k) { return n.kind == k; };
  if (takes_anything(after)) return shift::more;
  if (takes_anything(before)) return shift::fewer;
  if (is(before, schema_kind::integer) && is(after, schema_kind::real)) return shift::more;
  if (is(before, schema_kind::real) && is(after, schema_kind::integer)) return shift::fewer;
  if (is_named_text(before) && is(after, schema_kind::text)) return shift::more;
  if (is(before, schema_kind::text) && is_named_text(after)) return shift::fewer;
  return std::nullopt;
}

struct limit_of_numbers {
  long double at;
  bool is_open = false; ///< the bound itself does not count
};

/// The least and the greatest that the rules of a number let pass.
std::pair<limit_of_numbers, limit_of_numbers> bounds_of(const node& type) {
  constexpr long double infinite = std::numeric_limits<long double>::infinity();
  limit_of_numbers least{-infinite}, most{infinite};
  const bool is_whole = type.kind == schema_kind::integer;
  for (const detail::schema_rule& r : type.rules) {
    const bool is_low = r.kind == rule_kind::gt || r.kind == rule_kind::ge;
    if (!is_low && r.kind != rule_kind::lt && r.kind != rule_kind::le) continue;
    const bool is_open = r.kind == rule_kind::gt || r.kind == rule_kind::lt;
    const long double at = r.bound.is_real() ? static_cast<long double>(r.bound.real()) : std::stold(r.bound.text());
    // Of whole numbers, more than 0 is 1 or more.
    const limit_of_numbers one = is_whole && is_open && std::floor(at) == at ? limit_of_numbers{at + (is_low ? 1 : -1)}
                                                                             : limit_of_numbers{at, is_open};
    if (is_low && (one.at > least.at || (one.at == least.at && one.is_open))) least = one;
    if (!is_low && (one.at < most.at || (one.at == most.at && one.is_open))) most = one;
  }
  return {least, most};
}

const detail::schema_rule* find_rule(const node& type, rule_kind k) {
  const auto found = std::find_if(type.rules.begin(), type.rules.end(), [k](const auto& r) { return r.kind == k; });
  return found != type.rules.end() ? &*found : nullptr;
}

std::set<std::string> choices_of(const detail::schema_rule& r) {
  std::set<std::string> all{r.texts.begin(), r.texts.end()};
  for (const swill::number& n : r.numbers) all.insert(n.text());
  return all;
}

std::set<std::string> texts_under(const node& type, const char* note, const char* key) {
  std::set<std::string> all;
  const value* list = find_note(type, note);
  if (list != nullptr && key != nullptr) list = list->find(key);
  const auto* texts = list != nullptr ? list->get_if<value_array>() : nullptr;
  for (std::size_t i = 0; texts != nullptr && i < texts->size(); ++i) {
    if (const auto* text = (*texts)[i].get_if<std::string>()) all.insert(*text);
  }
  return all;
}

/// Which of two sets holds the other; nothing where they are the same.
template <class T>
std::optional<shift> shift_between(const std::set<T>& before, const std::set<T>& after) {
  if (before == after) return std::nullopt;
  if (std::includes(before.begin(), before.end(), after.begin(), after.end())) return shift::fewer;
  if (std::includes(after.begin(), after.end(), before.begin(), before.end())) return shift::more;
  return shift::other;
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

class type_comparison {
public:
  type_comparison(std::vector<api_change>& out, std::string handler, direction d)
      : out_(out), handler_(std::move(handler)), direction_(d) {}

  void compare(const node& left, const node& right, const std::string& place) {
    const node& before = resolved(left);
    const node& after = resolved(right);
    if (!seen_.emplace(&before, &after).second) return;
    if (takes_anything(before) && takes_anything(after)) return;
    auto old_ones = alternatives_of(before);
    auto new_ones = alternatives_of(after);
    const bool is_single = old_ones.size() == 1 && new_ones.size() == 1;
    pair_up(old_ones, new_ones, place);
    if (is_single && !old_ones.empty()) return kinds_differ(*old_ones[0], *new_ones[0], place);
    for (const node* n : old_ones) alternative(shift::fewer, *n, place);
    for (const node* n : new_ones) alternative(shift::more, *n, place);
    if (before.kind == schema_kind::choice && after.kind == schema_kind::choice) rules(before, after, place);
  }

private:
  void add(impact what, const char* rule, const std::string& place, std::string text) {
    out_.push_back({what, rule, handler_, place, std::move(text)});
  }
  void add(shift s, const char* rule, const std::string& place, std::string text) {
    add(impact_of(s, direction_), rule, place, std::move(text));
  }
  /// A rule: a server does not check what it sends, and few clients check what comes.
  void add_rule(shift s, const char* rule, const std::string& place, std::string text) {
    const bool is_request = direction_ == direction::request;
    add(s == shift::more && is_request ? impact::safe
        : is_request                   ? impact::breaks
        : s == shift::fewer            ? impact::safe
                                       : impact::risky,
        rule, place, std::move(text));
  }

  /// Compares those that belong together, and leaves the others.
  void pair_up(std::vector<const node*>& before, std::vector<const node*>& after, const std::string& place) {
    const auto pair_by = [&](auto belongs) {
      for (std::size_t i = 0; i < before.size();) {
        const auto found =
            std::find_if(after.begin(), after.end(), [&](const node* n) { return belongs(*before[i], *n); });
        if (found == after.end()) {
          ++i;
          continue;
        }
        same_kind(*before[i], **found, place);
        after.erase(found);
        before.erase(before.begin() + static_cast<std::ptrdiff_t>(i));
      }
    };
    pair_by([](const node& a, const node& b) { return a.kind == b.kind && a.name == b.name; });
    pair_by([](const node& a, const node& b) { return a.kind == b.kind; });
  }

  void alternative(shift s, const node& type, const std::string& place) {
    const bool is_nil = type.kind == schema_kind::nil;
    add(s,
        is_nil ? (s == shift::more ? "nil-added" : "nil-removed")
               : (s == shift::more ? "alternative-added" : "alternative-removed"),
        place, plain_text(type));
  }

  void kinds_differ(const node& before, const node& after, const std::string& place) {
    const auto s = converted_kind(before, after);
    const std::string text = plain_text(after) + ", was " + plain_text(before);
    if (!s) return add(shift::other, "type-changed", place, text);
    add(*s, *s == shift::more ? "type-widened" : "type-narrowed", place, text);
  }

  void same_kind(const node& before, const node& after, const std::string& place) {
    if (before.name != after.name && before.kind == schema_kind::structure)
      add(impact::risky, "struct-renamed", place, after.name + ", was " + before.name);
    if (before.kind == schema_kind::integer) formats(before, after, place);
    units(before, after, place);
    rules(before, after, place);
    if (before.kind == schema_kind::enumeration) values(before, after, place);
    if (before.kind == schema_kind::structure) return structs(before, after, place);
    if (before.kind == schema_kind::tuple && before.parts.size() != after.parts.size())
      return add(shift::other, "tuple-resized", place,
                 std::to_string(after.parts.size()) + " items, were " + std::to_string(before.parts.size()));
    for (std::size_t i = 0; i < std::min(before.parts.size(), after.parts.size()); ++i)
      compare(*before.parts[i], *after.parts[i], place + part_place(before.kind, i));
  }

  static std::string part_place(schema_kind container, std::size_t i) {
    if (container == schema_kind::tuple) return "[" + std::to_string(i) + "]";
    if (container == schema_kind::dict) return i == 0 ? "{key}" : "{}";
    return "[]";
  }

  void formats(const node& before, const node& after, const std::string& place) {
    const bool fewer = after.least > before.least || after.most < before.most;
    const bool more = after.least < before.least || after.most > before.most;
    if (!fewer && !more) return;
    const auto name = [](const node& n) {
      const value* format = find_note(n, "format");
      return format != nullptr ? to_text(*format) : std::string{"\"int64\""};
    };
    const shift s = fewer && more ? shift::other : fewer ? shift::fewer : shift::more;
    add(s, s == shift::more ? "range-widened" : "range-narrowed", place, name(after) + ", was " + name(before));
  }

  void units(const node& before, const node& after, const std::string& place) {
    const value* a = find_note(before, "unit");
    const value* b = find_note(after, "unit");
    if (a == nullptr && b == nullptr) return;
    if (a != nullptr && b != nullptr && *a == *b) return;
    const auto name = [](const value* v) { return v != nullptr ? to_text(*v) : std::string{"none"}; };
    add(shift::other, "unit-changed", place, name(b) + ", was " + name(a));
  }

  void values(const node& before, const node& after, const std::string& place) {
    const std::set<std::string> old_ones{before.names.begin(), before.names.end()};
    const std::set<std::string> new_ones{after.names.begin(), after.names.end()};
    for (const std::string& name : old_ones) {
      if (!new_ones.contains(name)) add(shift::fewer, "value-removed", place, quoted(name));
    }
    for (const std::string& name : new_ones) {
      if (!old_ones.contains(name)) add(shift::more, "value-added", place, quoted(name));
    }
    if (old_ones == new_ones && sent_values(before) != sent_values(after))
      add(shift::other, "values-changed", place, "what travels for a name is another number, or text");
  }
  static std::map<std::string, std::int64_t> sent_values(const node& n) {
    std::map<std::string, std::int64_t> all;
    for (std::size_t i = 0; i < n.numbers.size(); ++i) all.emplace(n.names[i], n.numbers[i]);
    return all;
  }

  // --- rules

  void rules(const node& before, const node& after, const std::string& place) {
    bounds(before, after, place);
    for (const rule_kind k :
         {rule_kind::least, rule_kind::end, rule_kind::multiple_of, rule_kind::pattern, rule_kind::one_of})
      one_rule(find_rule(before, k), find_rule(after, k), place);
    texts(texts_under(before, "constraints", "predicates"), texts_under(after, "constraints", "predicates"), place);
    texts(texts_under(before, "rules", nullptr), texts_under(after, "rules", nullptr), place);
  }

  void report(shift s, const std::string& place, std::string text) {
    add_rule(s,
             s == shift::fewer  ? "rule-tightened"
             : s == shift::more ? "rule-relaxed"
                                : "rule-changed",
             place, std::move(text));
  }

  void bounds(const node& before, const node& after, const std::string& place) {
    const auto [old_least, old_most] = bounds_of(before);
    const auto [new_least, new_most] = bounds_of(after);
    const auto moved = [&](const limit_of_numbers& a, const limit_of_numbers& b, bool is_low) {
      if (a.at == b.at && a.is_open == b.is_open) return;
      const bool is_tighter = a.at == b.at ? b.is_open : (b.at > a.at) == is_low;
      const auto text = [is_low](const limit_of_numbers& l) -> std::string {
        if (std::isinf(l.at)) return "no bound";
        const auto d = static_cast<double>(l.at);
        const std::string at = std::floor(d) == d && std::fabs(d) < 1e15 ? std::to_string(static_cast<std::int64_t>(d))
                                                                         : dump(to_json(value{d}));
        return (l.is_open ? (is_low ? "greater than " : "less than ") : is_low ? "at least " : "at most ") + at;
      };
      report(is_tighter ? shift::fewer : shift::more, place, text(b) + ", was " + text(a));
    };
    moved(old_least, new_least, true);
    moved(old_most, new_most, false);
  }

  static bool is_multiple(const swill::number& n, const swill::number& of) {
    return of.real() != 0 && std::fmod(n.real(), of.real()) == 0;
  }

  /// What has become of one rule of a kind that stands at most once.
  static std::optional<shift> rule_shift(const detail::schema_rule& a, const detail::schema_rule& b) {
    switch (a.kind) {
      case rule_kind::least:
        if (a.size == b.size) return std::nullopt;
        return b.size > a.size ? shift::fewer : shift::more;
      case rule_kind::end:
        if (a.size == b.size) return std::nullopt;
        return b.size < a.size ? shift::fewer : shift::more;
      case rule_kind::multiple_of:
        if (a.bound.text() == b.bound.text()) return std::nullopt;
        return is_multiple(b.bound, a.bound)   ? shift::fewer
               : is_multiple(a.bound, b.bound) ? shift::more
                                               : shift::other;
      case rule_kind::one_of: return shift_between(choices_of(a), choices_of(b));
      default: return a.text == b.text ? std::nullopt : std::optional{shift::other};
    }
  }

  static std::string rule_text(const detail::schema_rule& r) {
    node one;
    one.rules.push_back(r);
    const auto words = rule_words(one);
    return words.empty() ? "no rule" : words.front();
  }

  void one_rule(const detail::schema_rule* a, const detail::schema_rule* b, const std::string& place) {
    const auto counts = [](const detail::schema_rule* r) { // a length of at least 0 is none
      return r != nullptr && !(r->kind == rule_kind::least && r->size == 0);
    };
    if (!counts(a) && !counts(b)) return;
    if (!counts(a)) return report(shift::fewer, place, rule_text(*b) + ", was no rule");
    if (!counts(b)) return report(shift::more, place, "no rule, was " + rule_text(*a));
    if (const auto s = rule_shift(*a, *b)) report(*s, place, rule_text(*b) + ", was " + rule_text(*a));
  }

  void texts(const std::set<std::string>& before, const std::set<std::string>& after, const std::string& place) {
    for (const std::string& text : after) {
      if (!before.contains(text)) report(shift::fewer, place, "refused: " + text);
    }
    for (const std::string& text : before) {
      if (!after.contains(text)) report(shift::more, place, "no more refused: " + text);
    }
  }

  // --- structs

  void structs(const node& before, const node& after, const std::string& place) {
    if (before.as_array != after.as_array)
      return add(shift::other, "array-or-map", place, after.as_array ? "an array, was a map" : "a map, was an array");
    const bool is_request = direction_ == direction::request;
    if (after.strict && !before.strict)
      add(is_request ? impact::risky : impact::safe, "strict", place, "unknown fields are refused");
    if (!after.strict && before.strict) add(impact::safe, "strict", place, "unknown fields are no more refused");
    leaves_out(before, after, place);
    if (after.as_array && !begins_alike(before, after))
      return add(shift::other, "array-order", place, "its fields stand at other places");
    const auto now = by_name(after);
    for (const auto& field : before.fields) {
      if (const auto found = now.find(field.name); found != now.end())
        kept(field, *found->second, place + "." + field.name);
      else
        removed(field, after.strict, place + "." + field.name);
    }
    const auto known = by_name(before);
    for (const auto& field : after.fields) {
      if (!known.contains(field.name)) added(field, before.strict, place + "." + field.name);
    }
  }

  void leaves_out(const node& before, const node& after, const std::string& place) {
    const bool did = find_note(before, "omit_defaults") != nullptr;
    const bool does = find_note(after, "omit_defaults") != nullptr;
    if (did == does || direction_ == direction::request) return;
    add(does ? impact::breaks : impact::safe, "omit-defaults", place,
        does ? "fields may be missing that were always there" : "fields are always there that could be missing");
  }

  static bool begins_alike(const node& before, const node& after) {
    for (std::size_t i = 0; i < std::min(before.fields.size(), after.fields.size()); ++i) {
      if (before.fields[i].name != after.fields[i].name) return false;
    }
    return true;
  }

  static std::unordered_map<std::string_view, const node::field*> by_name(const node& type) {
    std::unordered_map<std::string_view, const node::field*> all;
    for (const auto& field : type.fields) all.emplace(field.name, &field);
    return all;
  }

  void removed(const node::field&, bool is_strict, const std::string& place) {
    const bool is_request = direction_ == direction::request;
    add(is_request && !is_strict ? impact::risky : impact::breaks, "field-removed", place,
        is_request && !is_strict ? "what clients send in it is ignored" : "it is not there any more");
  }

  void added(const node::field& field, bool was_strict, const std::string& place) {
    if (direction_ == direction::response)
      return add(was_strict ? impact::breaks : impact::safe, was_strict ? "field-added-to-strict" : "field-added",
                 place, was_strict ? "clients refuse fields that they do not know" : "clients ignore it");
    if (field.required) return add(impact::breaks, "required-field-added", place, "clients do not send it");
    add(impact::safe, "field-added", place, "it may be absent");
  }

  void kept(const node::field& before, const node::field& after, const std::string& place) {
    const bool is_request = direction_ == direction::request;
    if (before.required && !after.required) add(impact::safe, "field-optional", place, "it may be absent");
    if (!before.required && after.required)
      add(is_request ? impact::breaks : impact::safe, "field-required", place, "it must be there");
    const value* a = find_note(*before.type, "default");
    const value* b = find_note(*after.type, "default");
    if (a != nullptr && b != nullptr && *a != *b)
      add(is_request ? impact::risky : impact::safe, "default-changed", place, to_text(*b) + ", was " + to_text(*a));
    compare(*before.type, *after.type, place);
  }

  std::vector<api_change>& out_;
  const std::string handler_;
  const direction direction_;
  std::set<std::pair<const node*, const node*>> seen_;
};

class handler_comparison {
public:
  handler_comparison(std::vector<api_change>& out, const described_handler& before, const described_handler& after)
      : out_(out), before_(before), after_(after) {}

  void compare() {
    side("request", before_.request, after_.request, direction::request);
    side("response", before_.response, after_.response, direction::response);
    errors();
    promises();
    limits();
  }

private:
  void add(impact what, const char* rule, std::string text, std::string place = {}) {
    out_.push_back({what, rule, after_.name, std::move(place), std::move(text)});
  }

  void side(const char* name, const described_side& before, const described_side& after, direction d) {
    if (before.streams != after.streams)
      add(impact::breaks, "streaming-changed",
          after.streams ? "a stream, was one message" : "one message, was a stream", name);
    type_comparison{out_, after_.name, d}.compare(before.root(), after.root(), name);
  }

  void errors() {
    const std::set<std::int64_t> before{before_.errors.begin(), before_.errors.end()};
    const std::set<std::int64_t> after{after_.errors.begin(), after_.errors.end()};
    for (const std::int64_t code : after) {
      if (!before.contains(code)) add(impact::risky, "error-added", std::to_string(code));
    }
    for (const std::int64_t code : before) {
      if (!after.contains(code)) add(impact::safe, "error-removed", std::to_string(code));
    }
    for (const std::int64_t code : after) {
      const schema::node* was = before_.error_type(code);
      const schema::node* is = after_.error_type(code);
      if (was != nullptr && is != nullptr)
        type_comparison{out_, after_.name, direction::response}.compare(*was, *is, "error " + std::to_string(code));
      else if (before.contains(code) && was != is)
        add(was != nullptr ? impact::risky : impact::safe, "error-data",
            std::to_string(code) +
                (was != nullptr ? ": its data are no longer described" : ": its data are described"));
    }
  }

  void promises() {
    if (before_.idempotent && !after_.idempotent)
      add(impact::breaks, "not-idempotent", "clients send it again when a connection is lost");
    if (!before_.idempotent && after_.idempotent) add(impact::safe, "idempotent", "it may be sent again");
    if (before_.endless != after_.endless)
      add(impact::risky, "endless", after_.endless ? "it goes on until it is cancelled" : "it ends by itself");
  }

  void limits() {
    limit("deadline", " ms", before_.default_deadline_ms, after_.default_deadline_ms);
    limit("longest deadline", " ms", before_.maximum_deadline_ms, after_.maximum_deadline_ms);
    limit("message size", " bytes", before_.message_size, after_.message_size);
  }
  /// 0 is that of the server, which may be anything.
  void limit(const std::string& what, const std::string& unit, std::int64_t before, std::int64_t after) {
    if (before == after) return;
    const auto text = [&](std::int64_t n) { return n == 0 ? std::string{"the server's"} : std::to_string(n) + unit; };
    const bool is_raised = before != 0 && after > before;
    add(is_raised ? impact::safe : impact::risky, is_raised ? "limit-raised" : "limit-lowered",
        what + ": " + text(after) + ", was " + text(before));
  }

  std::vector<api_change>& out_;
  const described_handler& before_;
  const described_handler& after_;
};

} // namespace

const char* word_of(impact i) noexcept {
  return i == impact::breaks ? "breaks" : i == impact::risky ? "risky" : "safe";
}

std::vector<api_change> changes_between(const described_api& before, const described_api& after) {
  std::vector<api_change> out;
  std::map<std::string, std::pair<const described_handler*, const described_handler*>> all;
  for (const described_handler& h : before) all[h.name].first = &h;
  for (const described_handler& h : after) all[h.name].second = &h;
  for (const auto& [name, both] : all) {
    if (both.second == nullptr) {
      out.push_back({impact::breaks, "handler-removed", name, {}, "it is not there any more"});
    } else if (both.first == nullptr) {
      out.push_back({impact::safe, "handler-added", name, {}, "it is new"});
    } else {
      handler_comparison{out, *both.first, *both.second}.compare();
    }
  }
  return out;
}

} // namespace swill::cli
