#include "apps/cli/typescript_types.hpp"

#include "apps/cli/json.hpp"
#include "libswill/base/printable.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <compare>
#include <cstdint>
#include <set>

namespace swill::cli {

namespace {

using node = schema::node;

constexpr std::int64_t largest_safe = (std::int64_t{1} << 53) - 1;

bool is_identifier(std::string_view name) {
  const auto fits = [](char c, bool is_first) {
    const auto u = static_cast<unsigned char>(c);
    return c == '_' || c == '$' || (u < 0x80 && (is_first ? std::isalpha(u) : std::isalnum(u)) != 0);
  };
  if (name.empty() || !fits(name.front(), true)) return false;
  return std::all_of(name.begin() + 1, name.end(), [&](char c) { return fits(c, false); });
}

/// What stands between bars, each once.
class alternatives {
public:
  void add(const std::string& one) {
    if (seen_.insert(one).second) text_.append(text_.empty() ? "" : " | ").append(one);
  }
  const std::string& text() const noexcept { return text_; }

private:
  std::string text_;
  std::set<std::string> seen_;
};

/// The literals of a rule one_of; empty when there is none.
std::string literals(const node& type) {
  alternatives all;
  for (const detail::schema_rule& r : type.rules) {
    if (r.kind != detail::rule_kind::one_of) continue;
    for (const std::string& t : r.texts) {
      if (type.kind == schema_kind::text) all.add(typescript_string(t));
    }
    for (const swill::number& n : r.numbers) {
      const bool is_safe = std::is_lteq(n.order_of(-largest_safe)) && std::is_gteq(n.order_of(largest_safe));
      if (!is_safe) return {};
      if (type.kind != schema_kind::text) all.add(n.text());
    }
  }
  return all.text();
}

bool is_union(std::string_view expression) {
  // Within brackets a bar belongs to what stands there.
  int depth = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (is_quoted) {
      if (c == '\\') ++i;
      if (c == '"') is_quoted = false;
    } else if (c == '"') {
      is_quoted = true;
    } else if (c == '[' || c == '<' || c == '(') {
      ++depth;
    } else if (c == ']' || c == '>' || c == ')') {
      --depth;
    } else if (c == '|' && depth == 0) {
      return true;
    }
  }
  return false;
}

/// Fields from here on may all be absent: only these may be missing at the end of an array.
std::size_t first_absent(const node& type) {
  std::size_t i = type.fields.size();
  while (i != 0 && !type.fields[i - 1].required) --i;
  return i;
}

std::string literal_of(const value& v) {
  if (const auto* i = v.get_if<std::int64_t>(); i != nullptr && (*i > largest_safe || *i < -largest_safe))
    return std::to_string(*i) + "n";
  return dump(to_json(v));
}

/// An object with the values, for forms and loops, and the type of any of them.
std::string enumeration(const node& type, const std::string& name, bool has_types) {
  std::string out = "export const " + name + " = {\n";
  const value* values = find_note(type, "values");
  for (const auto& [key, v] : *values->get_if<value_map>()) {
    if (const auto* text = key.get_if<std::string>())
      out += "  " + typescript_key(*text) + ": " + literal_of(v) + ",\n";
  }
  if (!has_types) return out + "};\n";
  return out + "} as const;\nexport type " + name + " = (typeof " + name + ")[keyof typeof " + name + "];\n";
}

} // namespace

std::string typescript_string(std::string_view text) { return dump(nlohmann::ordered_json(std::string{text})); }

std::string typescript_key(std::string_view name) {
  if (name == "__proto__") return "[\"__proto__\"]"; // by itself it would be the prototype
  return is_identifier(name) ? std::string{name} : typescript_string(name);
}

bool is_safe_integer(const node& type) {
  const auto bounded = [&](auto a, auto b, auto holds) {
    return std::any_of(type.rules.begin(), type.rules.end(),
                       [&](const auto& r) { return (r.kind == a || r.kind == b) && holds(r.bound); });
  };
  using detail::rule_kind;
  const bool has_least = type.least >= -largest_safe ||
                         bounded(rule_kind::gt, rule_kind::ge,
                                 [](const swill::number& n) { return std::is_lteq(n.order_of(-largest_safe)); });
  const bool has_most = type.most <= static_cast<std::uint64_t>(largest_safe) ||
                        bounded(rule_kind::lt, rule_kind::le,
                                [](const swill::number& n) { return std::is_gteq(n.order_of(largest_safe)); });
  return has_least && has_most;
}

std::string typescript_comment(const std::vector<std::string>& texts, std::string_view indent) {
  std::vector<std::string> lines;
  for (const std::string& text : texts) {
    for (std::size_t at = 0; at <= text.size() && !text.empty();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string line = printable(text.substr(at, end - at));
      for (std::size_t i = 0; (i = line.find("*/", i)) != std::string::npos;) line.insert(i + 1, "\\");
      lines.push_back(std::move(line));
      at = end + 1;
    }
  }
  const std::string start{indent};
  if (lines.empty()) return {};
  if (lines.size() == 1) return start + "/** " + lines.front() + " */\n";
  std::string out = start + "/**\n";
  for (const std::string& line : lines) out += start + (line.empty() ? " *" : " * " + line) + "\n";
  return out + start + " */\n";
}

std::string type_words(const node& type) {
  std::string notes;
  for (const std::string& text : rule_words(type)) notes += (notes.empty() ? "" : ", ") + text;
  const value* initial = find_note(type, "default");
  if (initial != nullptr && !initial->is_nil())
    notes += (notes.empty() ? "default " : "; default ") + dump(to_json(*initial));
  if (type.documentation.empty() || notes.empty()) return type.documentation + notes;
  return type.documentation + " (" + notes + ")";
}

std::string typescript_types::integer(const node& type) const { return is_safe_integer(type) ? "number" : "Int64"; }

std::string typescript_types::dict(const node& type, direction d) const {
  if (type.parts.size() != 2) return "Record<string, unknown>";
  const node& key = *type.parts[0];
  const std::string item = expression(*type.parts[1], d);
  const bool is_name = key.kind == schema_kind::enumeration && key.numbers.empty();
  if (is_name) return "Partial<Record<" + expression(key, d) + ", " + item + ">>";
  if (key.kind == schema_kind::text) return "Record<string, " + item + ">";
  // Keys that are no text: a Map sends them as they are, and all come as those of an object.
  if (d == direction::request) return "Map<" + expression(key, d) + ", " + item + ">";
  return "Record<" + std::string{key.kind == schema_kind::integer ? "number" : "string"} + ", " + item + ">";
}

std::string typescript_types::choice(const node& type, direction d) const {
  alternatives all;
  for (const node* part : type.parts) all.add(expression(*part, d));
  return all.text().empty() ? "unknown" : all.text();
}

std::string typescript_types::expression(const node& type, direction d) const {
  if (const named_type* named = names_.find(type)) return named->name_in(d);
  if (const std::string some = literals(type); !some.empty()) return some;
  switch (type.kind) {
    case schema_kind::boolean: return "boolean";
    case schema_kind::integer: return integer(type);
    case schema_kind::real: return "number";
    case schema_kind::text: return "string";
    case schema_kind::binary: return "Uint8Array";
    case schema_kind::nil: return "null";
    case schema_kind::datetime: return "Date";
    case schema_kind::dict: return dict(type, d);
    case schema_kind::choice: return choice(type, d);
    case schema_kind::list:
    case schema_kind::set: {
      const std::string item = type.parts.empty() ? "unknown" : expression(*type.parts.front(), d);
      return is_union(item) ? "(" + item + ")[]" : item + "[]";
    }
    case schema_kind::tuple: {
      std::string items;
      for (const node* part : type.parts) items += (items.empty() ? "" : ", ") + expression(*part, d);
      return "[" + items + "]";
    }
    default: return "unknown";
  }
}

std::string typescript_types::structure(const node& type, direction d) const {
  const bool leaves_out = d == direction::request || find_note(type, "omit_defaults") != nullptr;
  std::string out = "{\n";
  for (const auto& field : type.fields) {
    out += typescript_comment({type_words(*field.type)}, "  ");
    out += "  " + typescript_key(field.name) + (leaves_out && !field.required ? "?: " : ": ") +
           expression(*field.type, d) + ";\n";
  }
  return out + "}";
}

std::string typescript_types::array_structure(const node& type, direction d) const {
  const std::size_t absent = d == direction::request ? first_absent(type) : type.fields.size();
  std::string out = "[\n";
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    const auto& field = type.fields[i];
    const std::string label = is_identifier(field.name) ? field.name : "item" + std::to_string(i);
    out += typescript_comment({type_words(*field.type)}, "  ");
    out += "  " + label + (i >= absent ? "?: " : ": ") + expression(*field.type, d) + ",\n";
  }
  return out + "]";
}

std::string typescript_types::declaration(const named_type& type, bool has_types) const {
  std::vector<std::string> words{type.documentation};
  for (const std::string& rule : struct_rules(*type.node)) words.push_back("Refused as a whole: " + rule);
  const std::string comment = typescript_comment(words, "");
  if (type.node->kind == schema_kind::enumeration) return comment + enumeration(*type.node, type.name, has_types);
  if (!has_types) return {};
  std::string out;
  for (const direction d : {direction::response, direction::request}) {
    if (d == direction::request ? !type.is_in_requests || (type.is_in_responses && !type.has_two_forms())
                                : !type.is_in_responses)
      continue;
    const std::string& name = type.name_in(d);
    if (!out.empty()) out += "\n";
    if (type.node->as_array) {
      out += comment + "export type " + name + " = " + array_structure(*type.node, d) + ";\n";
    } else if (type.node->fields.empty()) {
      out += comment + "export type " + name + " = Record<string, never>;\n";
    } else {
      out += comment + "export interface " + name + " " + structure(*type.node, d) + "\n";
    }
  }
  return out;
}

std::string typescript_types::declarations(bool has_types) const {
  std::string out;
  for (const named_type* type : names_.all()) {
    if (const std::string one = declaration(*type, has_types); !one.empty()) out += "\n" + one;
  }
  return out;
}

} // namespace swill::cli
