#include "libswill/api/types/schema_node.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace swill {

namespace {

using node = schema::node;

struct named_kind {
  std::string_view name;
  schema_kind kind;
};
constexpr std::array plain_kinds{
    named_kind{"bool", schema_kind::boolean},      named_kind{"int", schema_kind::integer},
    named_kind{"float", schema_kind::real},        named_kind{"str", schema_kind::text},
    named_kind{"bytes", schema_kind::binary},      named_kind{"NoneType", schema_kind::nil},
    named_kind{"datetime", schema_kind::datetime}, named_kind{"Any", schema_kind::any},
    named_kind{"list", schema_kind::list},         named_kind{"set", schema_kind::set},
    named_kind{"dict", schema_kind::dict},         named_kind{"tuple", schema_kind::tuple},
    named_kind{"Union", schema_kind::choice},
};

class compiler {
public:
  const node* compile(const value& type, std::vector<std::unique_ptr<node>>& owner) {
    auto& n = *owner.emplace_back(std::make_unique<node>());
    if (++made_ > most) return &n; // unknown: passes everything
    const auto* text = type.find<std::string>("type");
    if (text == nullptr) return &n;
    n.name = n.text = *text;
    read_notes(n, type);
    const auto* parts = type.find<value_map>("arguments");
    const auto plain =
        std::find_if(plain_kinds.begin(), plain_kinds.end(), [&](const auto& k) { return k.name == *text; });
    read_rules(n, type);
    if (type.find("values") != nullptr) {
      enumeration(n, *type.find("values"));
    } else if (plain != plain_kinds.end() && !is_fields(parts)) {
      n.kind = plain->kind;
      if (n.kind == schema_kind::nil) n.text = "nil";
      if (n.kind == schema_kind::any) n.text = "any";
      if (n.kind == schema_kind::integer) integer(n, type);
      if (parts != nullptr) containers(n, *parts);
    } else if (parts != nullptr && (parts->empty() || is_fields(parts))) {
      structure(n, type, *parts);
    } else if (parts != nullptr) {
      containers(n, *parts);
    } else if (const node* outer = open(*text)) {
      n.kind = schema_kind::recursion;
      n.parts.push_back(outer);
    }
    return &n;
  }

private:
  static constexpr std::size_t most = 100000;

  static bool is_set(const value& type, std::string_view key) {
    const value* v = type.find(key);
    return v != nullptr && *v == value{true};
  }

  static bool is_fields(const value_map* parts) {
    return parts != nullptr && !parts->empty() && parts->front().first.get_if<std::string>() != nullptr;
  }

  const node* open(std::string_view name) const {
    for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
      if ((*it)->text == name) return *it;
    }
    return nullptr;
  }

  static void read_notes(node& n, const value& type) {
    if (const auto* text = type.find<std::string>("documentation")) n.documentation = *text;
    for (const auto& [key, note] : *type.get_if<value_map>()) {
      const auto* name = key.get_if<std::string>();
      if (name == nullptr || *name == "type" || *name == "arguments" || *name == "documentation") continue;
      n.notes.emplace_back(*name, note);
    }
  }

  static void read_rules(node& n, const value& type) {
    const auto* all = type.find<value_map>("constraints");
    if (all == nullptr) return;
    for (const auto& [key, v] : *all) {
      const auto* name = key.get_if<std::string>();
      if (name == nullptr) continue;
      if (auto r = detail::rule_of(*name, v)) n.rules.push_back(std::move(*r));
    }
  }

  static void integer(node& n, const value& type) {
    const auto* f = type.find<std::string>("format");
    if (f == nullptr) return;
    const bool is_signed = !f->starts_with("u");
    const int bits = f->ends_with("8") ? 8 : f->ends_with("16") ? 16 : f->ends_with("32") ? 32 : 64;
    if (is_signed) {
      n.least = std::numeric_limits<std::int64_t>::min() >> (64 - bits);
      n.most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() >> (64 - bits));
    } else {
      n.least = 0;
      n.most = std::numeric_limits<std::uint64_t>::max() >> (64 - bits);
    }
  }

  void containers(node& n, const value_map& parts) {
    for (const auto& [key, part] : parts) n.parts.push_back(compile(part, n.owned));
    if (n.kind != schema_kind::choice) return;
    n.text.clear();
    for (const node* p : n.parts) n.text += (n.text.empty() ? "" : " | ") + p->text;
  }

  static void enumeration(node& n, const value& values) {
    const auto* all = values.get_if<value_map>();
    if (all == nullptr) return;
    n.kind = schema_kind::enumeration;
    n.text.clear();
    for (const auto& [key, v] : *all) {
      const auto* name = key.get_if<std::string>();
      if (name == nullptr) continue;
      const auto* number = v.get_if<std::int64_t>();
      if (number != nullptr) n.numbers.push_back(*number);
      n.names.push_back(*name);
      n.text += (n.text.empty() ? "" : " | ") + (number != nullptr ? std::to_string(*number) : *name);
    }
    // Numbers past int64 are for the type itself to look at.
    if (!n.numbers.empty() && n.numbers.size() != n.names.size()) n.kind = schema_kind::unknown;
  }

  void structure(node& n, const value& type, const value_map& parts) {
    n.kind = schema_kind::structure;
    n.as_array = is_set(type, "as_array");
    n.strict = is_set(type, "strict");
    open_.push_back(&n);
    for (const auto& [key, part] : parts) {
      const auto* name = key.get_if<std::string>();
      if (name == nullptr) continue;
      n.fields.push_back({*name, !is_set(part, "optional"), compile(part, n.owned)});
    }
    open_.pop_back();
  }

  std::vector<const node*> open_;
  std::size_t made_ = 0;
};

} // namespace

std::unique_ptr<const node> compile_schema(const value& type) {
  auto root = std::make_unique<node>();
  compiler c;
  root->parts.push_back(c.compile(type, root->owned));
  return root;
}

} // namespace swill
