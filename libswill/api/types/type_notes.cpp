#include "libswill/api/types/type_notes.hpp"

#include <limits>

namespace swill {

namespace {

value* find_argument(value& arguments, std::int64_t index) {
  auto* m = arguments.get_if<value_map>();
  if (m == nullptr) return nullptr;
  for (auto& [key, argument] : *m) {
    if (key == value{index}) return &argument;
  }
  return nullptr;
}

value* find_in(value& v, std::string_view key) { return const_cast<value*>(v.find(key)); }

/// X of a Union of X and NoneType.
value* optional_of(value& type) {
  const value* name = type.find("type");
  value* arguments = find_in(type, "arguments");
  if (name == nullptr || *name != value{"Union"} || arguments == nullptr) return nullptr;
  if (arguments->get_if<value_map>()->size() != 2) return nullptr;
  const value* second = find_argument(*arguments, 1)->find("type");
  return *second == value{"NoneType"} ? find_argument(*arguments, 0) : nullptr;
}

long double number_in(const value& v) {
  if (const auto* i = v.get_if<std::int64_t>()) return static_cast<long double>(*i);
  if (const auto* u = v.get_if<std::uint64_t>()) return static_cast<long double>(*u);
  if (const auto* d = v.get_if<double>()) return *d;
  return std::numeric_limits<long double>::quiet_NaN();
}

/// Two bounds that leave nothing between them. `least` and `most` are names of constraints.
void check_pair(const value_map& all, std::string_view least, std::string_view most, bool may_be_equal,
                const std::string& path, std::vector<mistake>& out) {
  const auto find = [&all](std::string_view name) -> const value* {
    for (const auto& [key, v] : all) {
      if (key == value{name}) return &v;
    }
    return nullptr;
  };
  const value* low = find(least);
  const value* high = find(most);
  if (low == nullptr || high == nullptr) return;
  const long double l = number_in(*low), h = number_in(*high);
  if (may_be_equal ? l <= h : l < h) return;
  out.push_back({path, "its rules " + std::string{least} + " " + to_text(*low) + " and " + std::string{most} + " " +
                           to_text(*high) + " fit no value; the first must be " +
                           (may_be_equal ? "at most" : "less than") + " the second"});
}

void decorate_arguments(const type_notes& notes, value& type) {
  value* arguments = find_in(type, "arguments");
  if (arguments == nullptr) return;
  for (const type_notes& of : notes.arguments) {
    if (of.index != type_notes::all_arguments) {
      if (value* argument = find_argument(*arguments, of.index)) of.decorate(*argument);
    } else if (auto* all = arguments->get_if<value_map>()) {
      for (auto& [key, argument] : *all) of.decorate(argument);
    }
  }
}

} // namespace

// Here, and not in each source with described types: these functions are recursive.
type_notes::type_notes() = default;
type_notes::type_notes(const type_notes&) = default;
type_notes::type_notes(type_notes&&) noexcept = default;
type_notes& type_notes::operator=(const type_notes&) = default;
type_notes& type_notes::operator=(type_notes&&) noexcept = default;
type_notes::~type_notes() = default;

void type_notes::add(std::string_view name, value v) {
  for (auto& [key, old] : constraints) {
    if (key == value{name}) {
      old = std::move(v);
      return;
    }
  }
  constraints.emplace_back(name, std::move(v));
}

void type_notes::add_to_list(std::string_view name, value v) {
  for (auto& [key, list] : constraints) {
    if (key == value{name}) return list.get_if<value_array>()->push_back(std::move(v));
  }
  constraints.emplace_back(name, value_array{std::move(v)});
}

type_notes& type_notes::argument(std::int64_t i) {
  for (type_notes& known : arguments) {
    if (known.index == i) return known;
  }
  type_notes& added = arguments.emplace_back();
  added.index = i;
  return added;
}

void type_notes::decorate(value& type) const {
  if (!documentation.empty()) type.set("documentation", documentation);
  value* inner = optional_of(type);
  value& bare = inner != nullptr ? *inner : type;
  if (!constraints.empty()) {
    value merged = value::map({});
    if (const value* old = bare.find("constraints")) merged = *old;
    for (const auto& [key, v] : constraints) merged.set(*key.get_if<std::string>(), v);
    bare.set("constraints", std::move(merged));
  }
  decorate_arguments(*this, bare);
}

void type_notes::collect(const std::string& path, std::vector<mistake>& out) const {
  for (const std::string& text : mistakes) out.push_back({path, text});
  check_pair(constraints, "ge", "le", true, path, out);
  check_pair(constraints, "ge", "lt", false, path, out);
  check_pair(constraints, "gt", "le", false, path, out);
  check_pair(constraints, "gt", "lt", false, path, out);
  check_pair(constraints, "min_length", "max_length_exclusive", false, path, out);
  for (const auto& [key, v] : constraints) {
    if (key == value{"multiple_of"} && !(number_in(v) != 0))
      out.push_back({path, "multiple_of 0 fits no value; any other number would be right"});
  }
  for (const type_notes& of : arguments) of.collect(path + "[]", out);
}

} // namespace swill
