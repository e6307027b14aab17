#include "apps/cli/described_api.hpp"

#include "apps/cli/exit_codes.hpp"
#include "apps/cli/type_text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace swill::cli {

namespace {

value* find_in(value& v, std::string_view key) { return const_cast<value*>(v.find(key)); }

/// Keys of the arguments of containers are integers, for which JSON has no keys: back from "0", "1", ….
void restore_keys(value& type) {
  static constexpr std::array<std::string_view, 5> containers{"list", "set", "dict", "tuple", "Union"};
  value* arguments = find_in(type, "arguments");
  auto* parts = arguments != nullptr ? arguments->get_if<value_map>() : nullptr;
  if (parts == nullptr) return;
  const bool is_container =
      std::find(containers.begin(), containers.end(), text_under(type, "type")) != containers.end();
  std::int64_t next = 0;
  const bool is_numbered = std::all_of(parts->begin(), parts->end(),
                                       [&](const auto& part) { return part.first == value{std::to_string(next++)}; });
  next = 0;
  for (auto& [key, part] : *parts) {
    if (is_container && is_numbered) key = value{next++};
    restore_keys(part);
  }
}

bool is_true(const value& v, std::string_view key) {
  const value* found = v.find(key);
  return found != nullptr && *found == value{true};
}

std::int64_t integer_under(const value& v, std::string_view key) {
  const auto* i = v.find<std::int64_t>(key);
  return i != nullptr ? *i : 0;
}

described_side read_side(value& record, std::string_view which) {
  value* side = find_in(record, which);
  value* type = side != nullptr ? find_in(*side, "type") : nullptr;
  if (type == nullptr)
    throw usage_error("the handler '" + text_under(record, "name") + "' has no type of its " + std::string{which});
  restore_keys(*type);
  return {is_true(*side, "streams"), std::make_shared<const schema>(*type)};
}

std::vector<described_error> read_error_data(value& record) {
  std::map<std::int64_t, described_error> by_code;
  value* all = find_in(record, "error_data");
  auto* list = all != nullptr ? all->get_if<value_array>() : nullptr;
  if (list == nullptr) return {};
  for (value& each : *list) {
    value* type = find_in(each, "type");
    if (type == nullptr) continue;
    restore_keys(*type);
    const std::int64_t code = integer_under(each, "code");
    by_code[code] = {code, std::make_shared<const schema>(*type)};
  }
  std::vector<described_error> out;
  for (auto& [code, e] : by_code) out.push_back(std::move(e));
  return out;
}

template <class T>
std::vector<T> list_under(const value& v, std::string_view key) {
  std::vector<T> out;
  const auto* all = v.find<value_array>(key);
  if (all == nullptr) return out;
  for (const value& each : *all) {
    if (const T* one = each.get_if<T>()) out.push_back(*one);
  }
  return out;
}

described_handler read_handler(value& record) {
  described_handler h;
  h.name = text_under(record, "name");
  if (h.name.empty()) throw usage_error("what should be records of swill.introspect has one without a name");
  h.documentation = text_under(record, "documentation");
  h.request = read_side(record, "request");
  h.response = read_side(record, "response");
  h.errors = list_under<std::int64_t>(record, "errors");
  std::sort(h.errors.begin(), h.errors.end());
  h.errors.erase(std::unique(h.errors.begin(), h.errors.end()), h.errors.end());
  h.error_data = read_error_data(record);
  h.idempotent = is_true(record, "idempotent");
  h.endless = is_true(record, "endless");
  if (const value* limits = record.find("limits")) {
    h.default_deadline_ms = integer_under(*limits, "default_deadline_ms");
    h.maximum_deadline_ms = integer_under(*limits, "maximum_deadline_ms");
    h.message_size = integer_under(*limits, "message_size");
  }
  h.tags = list_under<std::string>(record, "tags");
  return h;
}

/// "length 2 to 9", of both bounds or one of them.
std::string length_words(const detail::schema_rules& rules) {
  std::string least = "0", most;
  for (const detail::schema_rule& r : rules) {
    if (r.kind == detail::rule_kind::least) least = std::to_string(r.size);
    if (r.kind == detail::rule_kind::end && r.size != 0) most = std::to_string(r.size - 1);
  }
  if (most.empty()) return least == "0" ? std::string{} : "length at least " + least;
  return least == "0" ? "length at most " + most : "length " + least + " to " + most;
}

/// That of a rule that is not about a length.
std::string bound_words(const detail::schema_rule& r) {
  switch (r.kind) {
    case detail::rule_kind::gt: return "greater than " + r.bound.text();
    case detail::rule_kind::ge: return "at least " + r.bound.text();
    case detail::rule_kind::lt: return "less than " + r.bound.text();
    case detail::rule_kind::le: return "at most " + r.bound.text();
    case detail::rule_kind::multiple_of: return "a multiple of " + r.bound.text();
    case detail::rule_kind::least:
    case detail::rule_kind::end: return {};
    case detail::rule_kind::pattern: return "matches " + r.text;
    case detail::rule_kind::one_of: break;
  }
  std::string all = "one of";
  for (const std::string& t : r.texts) all += (all.size() == 6 ? " " : ", ") + t;
  for (const swill::number& n : r.numbers) all += (all.size() == 6 ? " " : ", ") + n.text();
  return all;
}

/// Of which part of a container it is said.
std::string place_words(schema_kind container, std::size_t index) {
  switch (container) {
    case schema_kind::choice: return {};
    case schema_kind::list:
    case schema_kind::set: return "each: ";
    case schema_kind::dict: return index == 0 ? "keys: " : "values: ";
    default: return "item " + std::to_string(index) + ": ";
  }
}

/// Descriptions that somebody has edited may name what is no type: that would be taken for anything.
class type_check {
public:
  explicit type_check(const described_api& api) {
    for_each_type(api, [this](const std::string&, const schema::node& type) { collect(type); });
    for_each_type(api, [this](const std::string& where, const schema::node& type) { look_at(type, where); });
  }

private:
  template <class F>
  static void for_each_type(const described_api& api, const F& f) {
    for (const described_handler& h : api) {
      f(h.name + ": request", h.request.root());
      f(h.name + ": response", h.response.root());
      for (const described_error& e : h.error_data) f(h.name + ": error " + std::to_string(e.code), e.data->root());
    }
  }
  void collect(const schema::node& type) {
    if (type.kind == schema_kind::structure) structs_.insert(type.name);
    if (type.kind == schema_kind::recursion) return;
    for (const schema::node* part : type.parts) collect(*part);
    for (const auto& field : type.fields) collect(*field.type);
  }
  void look_at(const schema::node& type, const std::string& where) const {
    // A server that describes very many structs goes on with their names alone; so it does of enumerations beyond 64 bits.
    const bool is_known = structs_.contains(type.name) || find_note(type, "values") != nullptr;
    if (type.kind == schema_kind::unknown && !is_known)
      throw usage_error(where + (type.name.empty() ? " has a part without a type, or more than 100,000 parts"
                                                   : ": there is no type '" + type.name + "'"));
    if (type.kind == schema_kind::recursion) return;
    for (std::size_t i = 0; i < type.parts.size(); ++i) look_at(*type.parts[i], where);
    for (const auto& field : type.fields) look_at(*field.type, where + "." + field.name);
  }

  std::set<std::string> structs_;
};

} // namespace

const char* described_handler::shape() const noexcept {
  if (request.streams) return response.streams ? "both" : "up";
  return response.streams ? "down" : "unary";
}

const schema::node* described_handler::error_type(std::int64_t code) const noexcept {
  const auto at = std::find_if(error_data.begin(), error_data.end(), [&](const auto& e) { return e.code == code; });
  return at != error_data.end() ? &at->data->root() : nullptr;
}

described_api read_api(value records) {
  auto* all = records.get_if<value_array>();
  if (all == nullptr) throw usage_error("this is no list of records of swill.introspect");
  described_api api;
  for (value& record : *all) api.push_back(read_handler(record));
  std::sort(api.begin(), api.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto same_name = [](const auto& a, const auto& b) { return a.name == b.name; };
  api.erase(std::unique(api.begin(), api.end(), same_name), api.end());
  return api;
}

void check_types(const described_api& api) { type_check{api}; }

bool may_be_nil(const schema::node& type) {
  if (type.kind == schema_kind::structure)
    return !type.fields.empty() &&
           std::none_of(type.fields.begin(), type.fields.end(), [](const auto& f) { return f.required; });
  return type.suits(wire::kind::nil) != detail::affinity::none;
}

const schema::node& resolved(const schema::node& type) noexcept {
  return type.kind == schema_kind::recursion ? *type.parts.front() : type;
}

const value* find_note(const schema::node& type, std::string_view name) noexcept {
  for (const auto& [key, note] : type.notes) {
    if (key == name) return &note;
  }
  return nullptr;
}

std::vector<std::string> constraint_words(const schema::node& type) {
  std::vector<std::string> words;
  if (std::string text = length_words(type.rules); !text.empty()) words.push_back(std::move(text));
  for (const detail::schema_rule& r : type.rules) {
    if (std::string text = bound_words(r); !text.empty()) words.push_back(std::move(text));
  }
  if (const value* constraints = find_note(type, "constraints")) {
    for (const std::string& text : list_under<std::string>(*constraints, "predicates"))
      words.push_back("refused: " + text);
  }
  return words;
}

std::vector<std::string> rule_words(const schema::node& type) {
  std::vector<std::string> words = constraint_words(type);
  if (const value* unit = find_note(type, "unit"); unit != nullptr && unit->get_if<std::string>() != nullptr)
    words.push_back("in " + *unit->get_if<std::string>());
  if (type.kind == schema_kind::recursion) return words;
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    for (const std::string& text : rule_words(*type.parts[i])) words.push_back(place_words(type.kind, i) + text);
  }
  return words;
}

std::vector<std::string> struct_rules(const schema::node& type) {
  std::vector<std::string> rules;
  for (const auto& [key, note] : type.notes) {
    const auto* texts = key == "rules" ? note.get_if<value_array>() : nullptr;
    if (texts == nullptr) continue;
    for (const value& text : *texts) {
      if (text.get_if<std::string>() != nullptr) rules.push_back(*text.get_if<std::string>());
    }
  }
  return rules;
}

} // namespace swill::cli
