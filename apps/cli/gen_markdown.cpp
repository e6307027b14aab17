#include "apps/cli/gen.hpp"
#include "apps/cli/type_names.hpp"
#include "apps/cli/typescript_types.hpp"
#include "libswill/base/printable.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace swill::cli {

namespace {

/// Words of somebody else, in one line of a page: they begin no table, tag or link there.
std::string markdown_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text, newlines::kept)) {
    if (c == '\n') {
      out += ' ';
      continue;
    }
    if (std::string_view{"|<>[]*_`\\"}.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// A name as it is written in code.
std::string markdown_code(std::string_view text) {
  std::string out = printable(text);
  std::replace(out.begin(), out.end(), '`', '\'');
  std::replace(out.begin(), out.end(), '|', '/');
  return "`" + out + "`";
}

/// Where the heading of a name is in the page.
std::string link_to(const std::string& name) {
  std::string place;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-')
      place += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return "(#" + place + ")";
}

class markdown_page {
public:
  explicit markdown_page(const described_api& api) : api_(api), names_(api, taken_) {}

  std::string text() const {
    std::string out = "# API\n\nMade by `swill gen md` of what a server says about itself. `swill call NAME JSON` "
                      "calls a handler that takes a message, `swill stream NAME` "
                      "one that takes a stream, one JSON line for each item.\nAn error has a code, a message, and "
                      "perhaps data; a message that breaks its type is error 422, with "
                      "the problems by field.\n\n| handler | request | response | |\n|---|---|---|---|\n";
    for (const described_handler& h : api_)
      out += "| [" + markdown_code(h.name) + "]" + link_to(h.name) + " | " + side(h.request, direction::request) +
             " | " + side(h.response, direction::response) + " | " + markdown_text(first_line(h.documentation)) +
             " |\n";
    for (const described_handler& h : api_) out += handler(h);
    if (!names_.all().empty()) out += "\n## Types\n";
    for (const named_type* t : names_.all()) out += type(*t);
    return out;
  }

private:
  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  std::string side(const described_side& s, direction d) const {
    return (s.streams ? "stream of " : "") + expression(s.root(), d);
  }

  std::string expression(const schema::node& type, direction d) const {
    if (const named_type* named = names_.find(type)) return "[" + named->name + "]" + link_to(named->name);
    const auto part = [&](std::size_t i) { return i < type.parts.size() ? expression(*type.parts[i], d) : "any"; };
    switch (type.kind) {
      case schema_kind::nil: return "nil";
      case schema_kind::list: return "list of " + part(0);
      case schema_kind::set: return "set of " + part(0);
      case schema_kind::dict: return "map from " + part(0) + " to " + part(1);
      case schema_kind::choice:
      case schema_kind::tuple: {
        std::string all;
        for (std::size_t i = 0; i < type.parts.size(); ++i)
          all += (all.empty() ? "" : type.kind == schema_kind::choice ? " or " : ", ") + part(i);
        return type.kind == schema_kind::choice ? all : "tuple (" + all + ")";
      }
      case schema_kind::any:
      case schema_kind::unknown: return "any";
      default: {
        const value* format = find_note(type, "format");
        const auto* text = format != nullptr ? format->get_if<std::string>() : nullptr;
        return text != nullptr ? *text : type.name;
      }
    }
  }

  std::string handler(const described_handler& h) const {
    std::string out = "\n### " + markdown_code(h.name) + "\n";
    if (!h.documentation.empty()) out += "\n" + markdown_text(h.documentation) + "\n";
    const auto line = [](const std::string& what, const std::string& words) {
      return words.empty() ? std::string{} : "- **" + what + ":** " + words + "\n";
    };
    const auto with_words = [&](const described_side& s, direction d) {
      const bool is_named = names_.find(s.root()) != nullptr;
      const std::string words = is_named ? "" : type_words(s.root());
      return side(s, d) + (words.empty() ? "" : ", " + markdown_text(words));
    };
    out += "\n" + line("request", with_words(h.request, direction::request)) +
           line("response", with_words(h.response, direction::response)) + line("errors", codes(h)) +
           line("deadline", deadline(h)) +
           line("message", h.message_size != 0 ? "at most " + std::to_string(h.message_size) + " bytes" : "");
    if (h.idempotent) out += "- idempotent: it may be sent again when it is not known whether it ran\n";
    if (h.endless) out += "- endless: the stream goes on until it is cancelled\n";
    std::string tags;
    for (const std::string& tag : h.tags) tags += (tags.empty() ? "" : ", ") + markdown_text(tag);
    return out + line("tags", tags);
  }

  std::string codes(const described_handler& h) const {
    std::string all;
    for (const std::int64_t code : h.errors) {
      const schema::node* data = h.error_type(code);
      all += (all.empty() ? "" : ", ") + std::to_string(code) +
             (data != nullptr ? " with " + expression(*data, direction::response) : "");
    }
    return all;
  }

  static std::string deadline(const described_handler& h) {
    std::string out;
    if (h.default_deadline_ms != 0) out = std::to_string(h.default_deadline_ms) + " ms";
    if (h.maximum_deadline_ms != 0)
      out += (out.empty() ? "" : ", ") + std::to_string(h.maximum_deadline_ms) + " ms at most";
    return out;
  }

  std::string type(const named_type& t) const {
    const schema::node& n = *t.node;
    std::string out = "\n### " + t.name + "\n";
    if (!t.documentation.empty()) out += "\n" + markdown_text(t.documentation) + "\n";
    if (n.kind == schema_kind::enumeration) return out + values(n);
    if (n.as_array) out += "\nTravels as an array of its fields' values.\n";
    if (n.strict) out += "\nUnknown fields are refused.\n";
    for (const std::string& rule : struct_rules(n)) out += "\nRefused as a whole: " + markdown_text(rule) + "\n";
    if (n.fields.empty()) return out + "\nIt has no fields.\n";
    const direction d = t.is_in_requests ? direction::request : direction::response;
    out += "\n| field | type | may be absent | |\n|---|---|---|---|\n";
    for (const auto& f : n.fields)
      out += "| " + markdown_code(f.name) + " | " + expression(*f.type, d) + " | " + (f.required ? "" : "yes") + " | " +
             markdown_text(type_words(*f.type)) + " |\n";
    return out;
  }

  static std::string values(const schema::node& n) {
    std::string out = "\n";
    for (std::size_t i = 0; i < n.names.size(); ++i)
      out += "- " + markdown_code(n.names[i]) + (n.numbers.empty() ? "" : ": " + std::to_string(n.numbers[i])) + "\n";
    return out;
  }

  const described_api& api_;
  name_list taken_{{}};
  type_names names_;
};

} // namespace

std::string make_markdown(const described_api& api) { return markdown_page{api}.text(); }

} // namespace swill::cli
