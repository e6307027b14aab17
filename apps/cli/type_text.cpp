#include "apps/cli/type_text.hpp"

#include "apps/cli/json.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace swill::cli {

namespace {

constexpr std::size_t deepest = 8;

std::string text_under(const value& v, std::string_view key) {
  const value* found = v.find(key);
  const auto* text = found != nullptr ? found->get_if<std::string>() : nullptr;
  return text != nullptr ? *text : std::string{};
}

const value_map* arguments_of(const value& type) {
  const value* arguments = type.find("arguments");
  return arguments != nullptr ? arguments->get_if<value_map>() : nullptr;
}

/// Arguments are numbered for generics, named for structs.
bool is_struct(const value_map& arguments) {
  return !arguments.empty() && arguments.front().first.get_if<std::string>() != nullptr;
}

std::string nested_text(const value& type, std::size_t depth) {
  std::string name = text_under(type, "type");
  if (name.empty()) return "Any";
  const value_map* arguments = arguments_of(type);
  if (arguments == nullptr || arguments->empty() || is_struct(*arguments) || depth > deepest) return name;
  const bool is_union = name == "Union";
  std::string out;
  for (const auto& [index, argument] : *arguments) {
    if (!out.empty()) out += is_union ? " | " : ", ";
    const std::string text = nested_text(argument, depth + 1);
    out += text == "NoneType" ? "None" : text;
  }
  return is_union ? out : name + "[" + out + "]";
}

bool is_shown_elsewhere(std::string_view key) { return key == "type" || key == "arguments" || key == "documentation"; }

/// Constraints and the like, on the line of what they are about.
std::string notes_text(const value& type) {
  std::string out;
  const auto* entries = type.get_if<value_map>();
  if (entries == nullptr) return out;
  for (const auto& [key, note] : *entries) {
    const auto* name = key.get_if<std::string>();
    if (name == nullptr || is_shown_elsewhere(*name)) continue;
    out += "  " + *name + " " + dump(to_json(note));
  }
  return out;
}

/// What a numbered argument is to the type that has it: arguments of structs go by their fields' names.
std::string part_name(const std::string& type, std::int64_t index) {
  if (type == "list" || type == "set") return "each item";
  if (type == "dict") return index == 0 ? "each key" : "each value";
  if (type == "Union") return "as";
  return "item " + std::to_string(index);
}

/// A line for each field, and for each part of a container that has rules or words of its own.
void add_fields(std::string& out, const value& type, std::size_t depth) {
  const value_map* arguments = arguments_of(type);
  if (arguments == nullptr || depth > deepest) return;
  for (const auto& [name, argument] : *arguments) {
    const auto* field = name.get_if<std::string>();
    const auto* index = name.get_if<std::int64_t>();
    const std::string notes = notes_text(argument);
    const std::string words = text_under(argument, "documentation");
    const bool is_shown = field != nullptr || !notes.empty() || !words.empty();
    if (is_shown) {
      out += std::string(2 * depth, ' ') +
             (field != nullptr ? *field : part_name(text_under(type, "type"), index != nullptr ? *index : 0)) + ": " +
             nested_text(argument, 0) + notes;
      if (!words.empty()) out += "  — " + words;
      out += "\n";
    }
    add_fields(out, argument, is_shown ? depth + 1 : depth);
  }
}

void add_side(std::string& out, const value& record, std::string_view name) {
  const value* side = record.find(name);
  if (side == nullptr) return;
  out += std::string{name} + ": " + side_text(*side);
  const value* type = side->find("type");
  if (type != nullptr) {
    out += notes_text(*type);
    if (const auto words = text_under(*type, "documentation"); !words.empty()) out += "  — " + words;
  }
  out += "\n";
  if (type != nullptr) add_fields(out, *type, 1);
}

} // namespace

std::string type_text(const value& type) { return nested_text(type, 0); }

std::string side_text(const value& side) {
  const value* type = side.find("type");
  const value* streams = side.find("streams");
  const std::string text = type != nullptr ? type_text(*type) : "Any";
  return (streams != nullptr && *streams == value{true} ? "stream " : "") + (text == "NoneType" ? "None" : text);
}

std::string record_text(const value& record) {
  std::string out = text_under(record, "name") + "\n";
  if (const auto words = text_under(record, "documentation"); !words.empty()) out += words + "\n";
  add_side(out, record, "request");
  add_side(out, record, "response");
  for (const std::string_view key : {"errors", "limits", "idempotent"}) {
    if (const value* v = record.find(key)) out += std::string{key} + ": " + dump(to_json(*v)) + "\n";
  }
  return out;
}

} // namespace swill::cli
