#include "apps/cli/type_text.hpp"

#include "apps/cli/described_api.hpp"
#include "apps/cli/json.hpp"
#include "libswill/api/types/schema.hpp"
#include "libswill/api/types/schema_node.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>

namespace swill::cli {

namespace {

constexpr std::size_t deepest = 8;

std::string nested_text(const schema::node& type, std::size_t depth) {
  if (type.name.empty()) return "Any";
  if (type.parts.empty() || type.kind == schema_kind::recursion || depth > deepest) return type.name;
  const bool is_union = type.kind == schema_kind::choice;
  std::string out;
  for (const schema::node* part : type.parts) {
    if (!out.empty()) out += is_union ? " | " : ", ";
    out += part->kind == schema_kind::nil ? "None" : nested_text(*part, depth + 1);
  }
  return is_union ? out : type.name + "[" + out + "]";
}

/// "length 2 to 9, matches ^[a-z]+$"; empty where this program knows none of the constraints, which are then shown as they are.
std::string constraints_text(const schema::node& type) {
  std::string out;
  for (const std::string& words : constraint_words(type)) out += (out.empty() ? "" : ", ") + words;
  return out;
}

/// Constraints and the like, on the line of what they are about, and its documentation.
std::string notes_text(const schema::node& type) {
  std::string out;
  for (const auto& [name, note] : type.notes) {
    const std::string words = name == "constraints" ? constraints_text(type) : std::string{};
    out += "  " + (words.empty() ? name + " " + dump(to_json(note)) : words);
  }
  if (!type.documentation.empty()) out += "  — " + type.documentation;
  return out;
}

/// What a part is to the type that has it.
std::string part_name(schema_kind type, std::size_t index) {
  switch (type) {
    case schema_kind::list:
    case schema_kind::set: return "each item";
    case schema_kind::dict: return index == 0 ? "each key" : "each value";
    case schema_kind::choice: return "as";
    default: return "item " + std::to_string(index);
  }
}

/// A line for each field, and for each part of a container that has rules or words of its own.
void add_fields(std::string& out, const schema::node& type, std::size_t depth) {
  if (type.kind == schema_kind::recursion || depth > deepest) return;
  const auto add = [&](const std::string& name, const schema::node& part) {
    out += std::string(2 * depth, ' ') + name + ": " + nested_text(part, 0) + notes_text(part) + "\n";
    add_fields(out, part, depth + 1);
  };
  for (const auto& field : type.fields) add(field.name, *field.type);
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    const schema::node& part = *type.parts[i];
    if (part.notes.empty() && part.documentation.empty()) {
      add_fields(out, part, depth);
    } else {
      add(part_name(type.kind, i), part);
    }
  }
}

/// "stream list[int]" or "list[int]".
std::string text_of_side(const value& side, const schema::node& type) {
  const value* streams = side.find("streams");
  return (streams != nullptr && *streams == value{true} ? "stream " : "") +
         (type.kind == schema_kind::nil ? "None" : nested_text(type, 0));
}

schema type_of(const value& side) {
  const value* type = side.find("type");
  return schema{type != nullptr ? *type : value{}};
}

/// `of` has a type, under "type".
void add_type(std::string& out, std::string_view name, const value& of) {
  const schema type = type_of(of);
  out += std::string{name} + ": " + text_of_side(of, type.root()) + notes_text(type.root()) + "\n";
  add_fields(out, type.root(), 1);
}

void add_side(std::string& out, const value& record, std::string_view name) {
  if (const value* side = record.find(name)) add_type(out, name, *side);
}

} // namespace

std::string text_under(const value& v, std::string_view key) {
  const auto* text = v.find<std::string>(key);
  return text != nullptr ? *text : std::string{};
}

std::string side_text(const value& side) { return text_of_side(side, type_of(side).root()); }

std::string record_text(const value& record) {
  std::string out = text_under(record, "name") + "\n";
  if (const auto words = text_under(record, "documentation"); !words.empty()) out += words + "\n";
  add_side(out, record, "request");
  add_side(out, record, "response");
  if (const auto* data = record.find<value_array>("error_data")) {
    for (const value& e : *data) {
      const value* code = e.find("code");
      if (code != nullptr) add_type(out, "error " + dump(to_json(*code)), e);
    }
  }
  for (const std::string_view key : {"errors", "limits", "idempotent"}) {
    if (const value* v = record.find(key)) out += std::string{key} + ": " + dump(to_json(*v)) + "\n";
  }
  return out;
}

} // namespace swill::cli
