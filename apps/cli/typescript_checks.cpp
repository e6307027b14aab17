#include "apps/cli/typescript_checks.hpp"

#include "apps/cli/javascript_pattern.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/typescript_types.hpp"

#include <nlohmann/json.hpp>

#include <cctype>
#include <cmath>
#include <compare>
#include <optional>
#include <vector>

namespace swill::cli {

namespace {

using node = schema::node;

/// "Order" is checked by `checkOrder`, with `orderType`.
std::string type_variable(const named_type& type) {
  std::string name = type.request_name + "Type";
  name.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(name.front())));
  return name;
}

std::string number_literal(const swill::number& n) {
  constexpr std::int64_t largest_safe = (std::int64_t{1} << 53) - 1;
  if (n.is_real())
    return std::isnan(n.real()) ? "NaN" : std::isinf(n.real()) ? (n.real() < 0 ? "-Infinity" : "Infinity") : n.text();
  const bool is_safe = std::is_lteq(n.order_of(-largest_safe)) && std::is_gteq(n.order_of(largest_safe));
  return n.text() + (is_safe ? "" : "n");
}

/// The literal, and how the server writes it where JavaScript would write it otherwise.
std::string bound_arguments(const swill::number& n) {
  return number_literal(n) + (n.is_real() ? ", " + typescript_string(n.text()) : "");
}

std::string choices(const detail::schema_rule& r) {
  std::string all, words;
  bool has_reals = false;
  for (const std::string& t : r.texts) all += (all.empty() ? "" : ", ") + typescript_string(t);
  for (const swill::number& n : r.numbers) {
    all += (all.empty() ? "" : ", ") + number_literal(n);
    words += (words.empty() ? "" : ", ") + n.text();
    has_reals = has_reals || n.is_real();
  }
  return "is.oneOf([" + all + "]" + (has_reals ? ", " + typescript_string(words) : "") + ")";
}

/// Nothing for a rule that only the server can check.
std::optional<std::string> rule_check(const detail::schema_rule& r) {
  using detail::rule_kind;
  switch (r.kind) {
    case rule_kind::gt: return "is.gt(" + bound_arguments(r.bound) + ")";
    case rule_kind::ge: return "is.ge(" + bound_arguments(r.bound) + ")";
    case rule_kind::lt: return "is.lt(" + bound_arguments(r.bound) + ")";
    case rule_kind::le: return "is.le(" + bound_arguments(r.bound) + ")";
    case rule_kind::multiple_of: return "is.multipleOf(" + bound_arguments(r.bound) + ")";
    case rule_kind::least:
      if (r.size == 0) return std::nullopt;
      return "is.minLength(" + std::to_string(r.size) + ")";
    case rule_kind::end: return "is.lengthBelow(" + std::to_string(r.size) + ")";
    case rule_kind::pattern:
      if (const auto literal = javascript_pattern(r.text))
        return "is.pattern(" + *literal + ", " + typescript_string(r.text) + ")";
      return std::nullopt;
    case rule_kind::one_of: break;
  }
  return choices(r);
}

class check_maker {
public:
  check_maker(const type_names& names, bool has_types) : names_(names), has_types_(has_types) {}

  std::string typed(const std::string& text) const { return has_types_ ? text : ""; }

  std::string expression(const node& type) const {
    const auto of = [&](const std::string& what, std::vector<std::string> arguments) {
      for (const detail::schema_rule& r : type.rules) {
        if (auto rule = rule_check(r)) arguments.push_back(std::move(*rule));
      }
      return "is." + what + "(" + joined(arguments) + ")";
    };
    switch (type.kind) {
      case schema_kind::boolean: return "is.bool";
      case schema_kind::nil: return "is.nil";
      case schema_kind::datetime: return "is.datetime";
      case schema_kind::integer: return of("int", {format_of(type)});
      case schema_kind::real: return of("float", {});
      case schema_kind::text: return of("str", {});
      case schema_kind::binary: return of("bytes", {});
      case schema_kind::list: return of("list", parts_of(type));
      case schema_kind::set: return of("set", parts_of(type));
      case schema_kind::dict: return of("dict", parts_of(type));
      case schema_kind::tuple: return "is.tuple(" + joined(parts_of(type)) + ")";
      case schema_kind::choice: return choice(type, of);
      case schema_kind::enumeration: return enumeration(type);
      case schema_kind::structure:
      case schema_kind::recursion: return type_variable(*names_.find(type));
      default: return "is.any";
    }
  }

  std::string structure(const named_type& type) const {
    const node& n = *type.node;
    std::string out = "\nconst " + type_variable(type) + typed(": is.Check") + " = /* @__PURE__ */ is." +
                      (n.as_array ? "arrayStruct(" : "struct(") + typescript_string(n.name) + ", () => [";
    for (const auto& field : n.fields) {
      out += "\n  [" + typescript_string(field.name) + ", " + expression(*field.type) +
             (field.required ? ", true]," : ", false],");
    }
    return out + (n.fields.empty() ? "]" : "\n]") + (n.strict ? ", true" : "") + ");\n";
  }

private:
  static std::string joined(const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& one : all) out += (out.empty() ? "" : ", ") + one;
    return out;
  }

  std::vector<std::string> parts_of(const node& type) const {
    std::vector<std::string> out;
    for (const node* part : type.parts) out.push_back(expression(*part));
    const std::size_t wanted = type.kind == schema_kind::dict ? 2 : 1;
    while (out.size() < wanted && type.kind != schema_kind::tuple) out.emplace_back("is.any");
    return out;
  }

  static std::string format_of(const node& type) {
    const value* format = find_note(type, "format");
    const auto* text = format != nullptr ? format->get_if<std::string>() : nullptr;
    return typescript_string(text != nullptr ? *text : "int64");
  }

  template <class Of>
  std::string choice(const node& type, const Of& of) const {
    const bool is_optional = type.parts.size() == 2 && type.parts[1]->kind == schema_kind::nil;
    if (is_optional) return of("optional", {expression(*type.parts[0])});
    return of("union", {"[" + joined(parts_of(type)) + "]"});
  }

  static std::string enumeration(const node& type) {
    std::vector<std::string> all;
    for (const std::int64_t n : type.numbers) all.push_back(number_literal(swill::number{n}));
    for (std::size_t i = 0; i < type.names.size() && type.numbers.empty(); ++i)
      all.push_back(typescript_string(type.names[i]));
    return "is.enumeration(" + joined(all) + ")";
  }

  const type_names& names_;
  bool has_types_;
};

} // namespace

bool may_be_refused(const node& type) {
  return type.kind != schema_kind::nil && type.kind != schema_kind::any && type.kind != schema_kind::unknown;
}

std::string typescript_checks(const described_api& api, const type_names& names, bool has_types) {
  const check_maker maker{names, has_types};
  const std::string message = "(message" + maker.typed(": unknown") + ")";
  std::string out;
  for (const named_type* type : names.all()) {
    if (!type->is_in_requests || type->node->kind != schema_kind::structure) continue;
    const std::string& name = type->request_name;
    out += maker.structure(*type) +
           typescript_comment({"What the server would refuse in it, by field, in the server's words; undefined: "
                               "nothing that it has told of."},
                              "") +
           "export const check" + name + " = " + message + maker.typed(": Fields | undefined") + " => is.problemsOf(" +
           type_variable(*type) + ", message);\n";
  }
  std::string by_handler;
  for (const described_handler& h : api) {
    const node& type = h.request.root();
    const named_type* named = names.find(type);
    const bool has_own = named != nullptr && named->node->kind == schema_kind::structure;
    by_handler += "  " + typescript_key(h.name) + ": " +
                  (has_own ? "check" + named->request_name
                           : message + " => is.problemsOf(" + maker.expression(type) + ", message)") +
                  ",\n";
  }
  if (by_handler.empty()) return out;
  return out +
         "\n/** The same by handler, of its message or of each item of its stream; one without a message takes null. "
         "*/\nexport const checks = {\n" +
         by_handler + "};\n";
}

} // namespace swill::cli
