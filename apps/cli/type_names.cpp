#include "apps/cli/type_names.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace swill::cli {

namespace {

using node = schema::node;

bool has_name(const node& n) noexcept { return n.kind == schema_kind::structure || n.kind == schema_kind::enumeration; }

/// Compares descriptions that may lead back to themselves: two that are being compared count as the same meanwhile.
class comparison {
public:
  bool same(const node& left, const node& right) {
    const node& a = resolved(left);
    const node& b = resolved(right);
    if (&a == &b || !under_way_.emplace(&a, &b).second) return true;
    return a.kind == b.kind && a.name == b.name && same_notes(a, b) && same_parts(a, b) && same_fields(a, b);
  }

private:
  /// Of a type that has a name, what is said of a field of that type is not said of the type.
  static std::vector<std::pair<std::string, value>> notes_of(const node& n) {
    auto notes = n.notes;
    std::erase_if(notes, [&](const auto& note) {
      return note.first == "optional" || note.first == "default" || (has_name(n) && note.first == "constraints");
    });
    return notes;
  }
  static bool same_notes(const node& a, const node& b) { return notes_of(a) == notes_of(b); }

  bool same_parts(const node& a, const node& b) {
    return std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(),
                      [this](const node* x, const node* y) { return same(*x, *y); });
  }
  bool same_fields(const node& a, const node& b) {
    return std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(),
                      [this](const auto& x, const auto& y) { return same_field(x, y); });
  }
  bool same_field(const node::field& x, const node::field& y) {
    const auto same_note = [&](const char* name) {
      const value* a = find_note(*x.type, name);
      const value* b = find_note(*y.type, name);
      return a == nullptr || b == nullptr ? a == b : *a == *b;
    };
    return x.name == y.name && x.required == y.required && same_note("default") && same_note("constraints") &&
           same(*x.type, *y.type);
  }

  std::set<std::pair<const node*, const node*>> under_way_;
};

bool is_text(const node& n) noexcept {
  return n.kind == schema_kind::text || (n.kind == schema_kind::enumeration && n.numbers.empty());
}

} // namespace

bool is_same_type(const node& a, const node& b) { return comparison{}.same(a, b); }

std::string name_list::take(const std::string& wanted) {
  std::string name = wanted;
  for (int n = 2; !taken_.insert(name).second; ++n) name = wanted + std::to_string(n);
  return name;
}

std::string type_name_of(std::string_view text) {
  std::string name;
  bool starts_word = true;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x80 || std::isalnum(u) == 0) {
      starts_word = true;
      continue;
    }
    name += starts_word ? static_cast<char>(std::toupper(u)) : c;
    starts_word = false;
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) name.insert(0, "T");
  return name;
}

type_names::type_names(const described_api& api, name_list& names) {
  for (const described_handler& h : api) {
    visit(h.request.root(), direction::request, false);
    visit(h.response.root(), direction::response, false);
    for (const described_error& e : h.error_data) visit(e.data->root(), direction::response, false);
  }
  name_all(names);
}

const named_type* type_names::find(const node& type) const {
  const auto found = index_.find(&resolved(type));
  return found != index_.end() ? &types_[found->second] : nullptr;
}

std::vector<const named_type*> type_names::all() const {
  std::vector<const named_type*> out;
  for (const named_type& t : types_) out.push_back(&t);
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  return out;
}

void type_names::visit(const node& type, direction d, bool is_field) {
  if (has_name(type)) {
    named_type& known = types_[add(type)];
    (d == direction::request ? known.is_in_requests : known.is_in_responses) = true;
    if (!is_field && known.documentation.empty()) known.documentation = type.documentation;
  }
  if (type.kind == schema_kind::recursion) return; // it is being visited
  for (const node* part : type.parts) visit(*part, d, false);
  for (const auto& field : type.fields) visit(*field.type, d, true);
}

std::size_t type_names::add(const node& type) {
  auto& same_text = by_text_[type.name];
  for (const std::size_t i : same_text) {
    if (is_same_type(*types_[i].node, type)) return index_[&type] = i;
  }
  same_text.push_back(types_.size());
  types_.push_back({&type, {}, {}, {}});
  return index_[&type] = types_.size() - 1;
}

bool type_names::differs_by_direction(const node& type) {
  std::set<const node*> seen;
  const auto differs = [&seen](const auto& self, const node& at) -> bool {
    const node& n = resolved(at);
    if (!seen.insert(&n).second) return false;
    if (n.kind == schema_kind::dict && n.parts.size() == 2 && !is_text(*n.parts[0])) return true;
    const bool leaves_out = find_note(n, "omit_defaults") != nullptr;
    return std::any_of(n.parts.begin(), n.parts.end(), [&](const node* p) { return self(self, *p); }) ||
           std::any_of(n.fields.begin(), n.fields.end(),
                       [&](const auto& f) { return (!f.required && !leaves_out) || self(self, *f.type); });
  };
  return differs(differs, type);
}

void type_names::name_all(name_list& names) {
  for (named_type& t : types_) {
    const std::string wanted = type_name_of(t.node->name);
    t.name = names.take(wanted);
    const bool has_two_forms = t.is_in_requests && t.is_in_responses && differs_by_direction(*t.node);
    t.request_name = has_two_forms ? names.take(wanted + "Input") : t.name;
  }
}

} // namespace swill::cli
