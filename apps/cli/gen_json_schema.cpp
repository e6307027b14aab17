#include "apps/cli/gen.hpp"
#include "apps/cli/javascript_pattern.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/type_names.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace swill::cli {

namespace {

using json = nlohmann::ordered_json;
using detail::rule_kind;

json number_json(const swill::number& n) { return to_json(n.to_value()); }

/// The name that JSON Schema has for a bound of a size, "minLength", "maxItems"; empty: it has none.
std::string size_keyword(schema_kind kind, const char* bound) {
  switch (kind) {
    case schema_kind::text: return std::string{bound} + "Length";
    case schema_kind::list:
    case schema_kind::set: return std::string{bound} + "Items";
    case schema_kind::dict: return std::string{bound} + "Properties";
    default: return {};
  }
}

/// The pattern, where ECMA-262 has the same words, as JSON Schema wants it.
std::optional<std::string> pattern_of(const std::string& re2) {
  const auto literal = javascript_pattern(re2);
  if (!literal || !literal->ends_with("/u")) return std::nullopt;
  return literal->substr(1, literal->size() - 3);
}

/// Types as the JSON that `swill call` reads and prints (docs/cli.md).
class json_schema_maker {
public:
  explicit json_schema_maker(const type_names& names) : names_(names) {}

  /// A reference, for what has a name.
  json use(const schema::node& type, direction d) const {
    const named_type* named = names_.find(type);
    json out = named != nullptr ? json{{"$ref", "#/$defs/" + named->name_in(d)}} : plain(type, d);
    if (named == nullptr) add_rules(out, type);
    add_words(out, type);
    return out;
  }

  json definition(const named_type& type, direction d) const {
    const schema::node& n = *type.node;
    json out = n.kind == schema_kind::enumeration ? enumeration(n) : n.as_array ? array_struct(n, d) : map_struct(n, d);
    std::string words = type.documentation;
    for (const std::string& rule : struct_rules(n)) words += (words.empty() ? "Refused: " : "\nRefused: ") + rule;
    if (!words.empty()) out["description"] = words;
    return out;
  }

private:
  static json object_with(const char* key, json value) {
    return {{"type", "object"}, {"properties", {{key, std::move(value)}}}, {"required", json::array({key})}};
  }

  json plain(const schema::node& type, direction d) const {
    switch (type.kind) {
      case schema_kind::boolean: return {{"type", "boolean"}};
      case schema_kind::integer: return integer(type);
      case schema_kind::real: return {{"type", "number"}};
      case schema_kind::text: return {{"type", "string"}};
      case schema_kind::binary: return object_with("$bin", {{"type", "string"}, {"contentEncoding", "base64"}});
      case schema_kind::nil: return {{"type", "null"}};
      case schema_kind::datetime: return {{"type", "string"}, {"format", "date-time"}};
      case schema_kind::list:
      case schema_kind::set: return {{"type", "array"}, {"items", part(type, 0, d)}};
      case schema_kind::dict: return dict(type, d);
      case schema_kind::tuple: return tuple(type, d);
      case schema_kind::choice: {
        json all = json::array();
        for (const schema::node* p : type.parts) all.push_back(use(*p, d));
        return {{"anyOf", std::move(all)}};
      }
      default: return json::object();
    }
  }

  json part(const schema::node& type, std::size_t i, direction d) const {
    return i < type.parts.size() ? use(*type.parts[i], d) : json::object();
  }

  /// Without bounds for 64 bits: many readers of JSON Schema have no numbers for them.
  static json integer(const schema::node& type) {
    json out{{"type", "integer"}};
    if (type.least > std::numeric_limits<std::int64_t>::min()) out["minimum"] = type.least;
    if (type.most < static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) out["maximum"] = type.most;
    return out;
  }

  json dict(const schema::node& type, direction d) const {
    const bool has_names = type.parts.size() == 2 && (type.parts[0]->kind == schema_kind::text ||
                                                      type.parts[0]->kind == schema_kind::enumeration);
    if (!has_names && d == direction::request) {
      json pair{{"type", "array"},
                {"prefixItems", json::array({part(type, 0, d), part(type, 1, d)})},
                {"minItems", 2},
                {"maxItems", 2}};
      return object_with("$map", {{"type", "array"}, {"items", std::move(pair)}});
    }
    json out{{"type", "object"}};
    if (has_names) out["propertyNames"] = part(type, 0, d);
    out["additionalProperties"] = part(type, 1, d);
    return out;
  }

  json tuple(const schema::node& type, direction d) const {
    json items = json::array();
    for (const schema::node* p : type.parts) items.push_back(use(*p, d));
    return {{"type", "array"},
            {"prefixItems", std::move(items)},
            {"minItems", type.parts.size()},
            {"maxItems", type.parts.size()}};
  }

  static json enumeration(const schema::node& type) {
    json all = json::array();
    for (const std::int64_t n : type.numbers) all.push_back(n);
    if (type.numbers.empty()) all = type.names;
    return {{"enum", std::move(all)}};
  }

  static bool is_always_there(const schema::node& type, const schema::node::field& f, direction d) {
    return f.required || (d == direction::response && find_note(type, "omit_defaults") == nullptr);
  }

  json map_struct(const schema::node& type, direction d) const {
    json properties = json::object(), required = json::array();
    for (const auto& f : type.fields) {
      append(properties, f.name, use(*f.type, d));
      if (is_always_there(type, f, d)) required.push_back(f.name);
    }
    json out{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) out["required"] = std::move(required);
    if (type.strict && d == direction::request) out["additionalProperties"] = false;
    return out;
  }

  json array_struct(const schema::node& type, direction d) const {
    json items = json::array();
    std::size_t least = 0;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      items.push_back(use(*type.fields[i].type, d));
      if (d == direction::response || type.fields[i].required) least = i + 1;
    }
    json out{{"type", "array"}, {"prefixItems", std::move(items)}, {"minItems", least}};
    if (type.strict && d == direction::request) out["maxItems"] = type.fields.size();
    return out;
  }

  static void add_rules(json& to, const schema::node& type) {
    for (const detail::schema_rule& r : type.rules) add_rule(to, type.kind, r);
  }

  static void add_rule(json& to, schema_kind kind, const detail::schema_rule& r) {
    const auto size = [&](const char* bound, std::size_t n) {
      if (const std::string word = size_keyword(kind, bound); !word.empty()) to[word] = n;
    };
    switch (r.kind) {
      case rule_kind::gt: to["exclusiveMinimum"] = number_json(r.bound); break;
      case rule_kind::ge: to["minimum"] = number_json(r.bound); break;
      case rule_kind::lt: to["exclusiveMaximum"] = number_json(r.bound); break;
      case rule_kind::le: to["maximum"] = number_json(r.bound); break;
      case rule_kind::multiple_of: to["multipleOf"] = number_json(r.bound); break;
      case rule_kind::least:
        if (r.size != 0) size("min", r.size);
        break;
      case rule_kind::end:
        if (r.size != 0) size("max", r.size - 1);
        break;
      case rule_kind::pattern:
        if (auto text = pattern_of(r.text)) to["pattern"] = *text;
        break;
      case rule_kind::one_of: {
        json all = r.texts;
        for (const swill::number& n : r.numbers) all.push_back(number_json(n));
        to["enum"] = std::move(all);
      }
    }
  }

  static void add_words(json& to, const schema::node& type) {
    if (!type.documentation.empty()) to["description"] = type.documentation;
    if (const value* initial = find_note(type, "default")) to["default"] = to_json(*initial);
  }

  const type_names& names_;
};

} // namespace

std::string make_json_schema(const described_api& api) {
  name_list taken{{}};
  const type_names names{api, taken};
  const json_schema_maker maker{names};
  json definitions = json::object();
  for (const named_type* t : names.all()) {
    if (t->is_in_responses || !t->has_two_forms())
      definitions[t->name] = maker.definition(*t, t->is_in_responses ? direction::response : direction::request);
    if (t->has_two_forms()) definitions[t->request_name] = maker.definition(*t, direction::request);
  }
  for (const described_handler& h : api) {
    definitions[h.name + ".request"] = maker.use(h.request.root(), direction::request);
    definitions[h.name + ".response"] = maker.use(h.response.root(), direction::response);
    for (const described_error& e : h.error_data)
      definitions[h.name + ".error." + std::to_string(e.code)] = maker.use(e.data->root(), direction::response);
  }
  const json all{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"$defs", std::move(definitions)}};
  return dump(all, true) + "\n";
}

} // namespace swill::cli
