#include "actors/remote/message_shape.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/wire/utf8.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace swill::actors::remote {

using detail::affinity;
using detail::decoder;
using detail::fit;

namespace {

enum class shape_kind : std::uint8_t {
  unknown,
  boolean,
  integer,
  real,
  text,
  binary,
  nil,
  datetime,
  any,
  list,
  set,
  dict,
  tuple,
  choice,
  structure,
  enumeration
};

struct named_kind {
  std::string_view name;
  shape_kind kind;
};
constexpr std::array plain_kinds{
    named_kind{"bool", shape_kind::boolean},      named_kind{"int", shape_kind::integer},
    named_kind{"float", shape_kind::real},        named_kind{"str", shape_kind::text},
    named_kind{"bytes", shape_kind::binary},      named_kind{"NoneType", shape_kind::nil},
    named_kind{"datetime", shape_kind::datetime}, named_kind{"Any", shape_kind::any},
    named_kind{"list", shape_kind::list},         named_kind{"set", shape_kind::set},
    named_kind{"dict", shape_kind::dict},         named_kind{"tuple", shape_kind::tuple},
    named_kind{"Union", shape_kind::choice},
};

enum class rule_kind : std::uint8_t { gt, ge, lt, le, multiple_of, least, end, pattern, one_of };

/// One rule that introspection names. Predicates and rules of whole structs are code: they run in the worker.
struct shape_rule {
  rule_kind kind;
  number bound{0};
  std::size_t size = 0;
  std::string text;
  std::vector<std::string> texts;
  std::vector<number> numbers;
};

std::optional<number> number_of(const value& v) {
  if (const auto* i = v.get_if<std::int64_t>()) return number{*i};
  if (const auto* u = v.get_if<std::uint64_t>()) return number{*u};
  if (const auto* d = v.get_if<double>()) return number{*d};
  return std::nullopt;
}

std::optional<shape_rule> rule_of(std::string_view name, const value& v) {
  static constexpr std::pair<std::string_view, rule_kind> bounds[] = {{"gt", rule_kind::gt},
                                                                      {"ge", rule_kind::ge},
                                                                      {"lt", rule_kind::lt},
                                                                      {"le", rule_kind::le},
                                                                      {"multiple_of", rule_kind::multiple_of}};
  for (const auto& [known, kind] : bounds) {
    const auto n = number_of(v);
    if (name == known && n) return shape_rule{kind, *n};
  }
  const auto* i = v.get_if<std::int64_t>();
  if (i != nullptr && *i >= 0 && (name == "min_length" || name == "max_length_exclusive")) {
    shape_rule r{name == "min_length" ? rule_kind::least : rule_kind::end};
    r.size = static_cast<std::size_t>(*i);
    return r;
  }
  if (const auto* s = v.get_if<std::string>(); s != nullptr && name == "pattern") {
    try {
      detail::matches(*s, ""); // compiles it
    } catch (const std::exception&) {
      return std::nullopt;
    }
    shape_rule r{rule_kind::pattern};
    r.text = *s;
    return r;
  }
  if (const auto* all = v.get_if<value_array>(); all != nullptr && name == "one_of") {
    shape_rule r{rule_kind::one_of};
    for (const value& c : *all) {
      if (const auto* s = c.get_if<std::string>()) r.texts.push_back(*s);
      if (const auto n = number_of(c)) r.numbers.push_back(*n);
    }
    return r;
  }
  return std::nullopt;
}

using rules = std::vector<shape_rule>;

bool applies_to_number(rule_kind k) noexcept { return k <= rule_kind::multiple_of || k == rule_kind::one_of; }

template <class T>
bool holds(const shape_rule& r, T v) {
  switch (r.kind) {
    case rule_kind::gt: return gt{r.bound}.holds(v);
    case rule_kind::ge: return ge{r.bound}.holds(v);
    case rule_kind::lt: return lt{r.bound}.holds(v);
    case rule_kind::le: return le{r.bound}.holds(v);
    case rule_kind::multiple_of: return multiple_of{r.bound}.holds(v);
    case rule_kind::one_of:
      return r.numbers.empty() || std::any_of(r.numbers.begin(), r.numbers.end(),
                                              [v](const number& n) { return std::is_eq(n.order_of(v)); });
    default: return true;
  }
}

template <class T>
std::string problem_of(const shape_rule& r, T v) {
  switch (r.kind) {
    case rule_kind::gt: return gt{r.bound}.problem(v);
    case rule_kind::ge: return ge{r.bound}.problem(v);
    case rule_kind::lt: return lt{r.bound}.problem(v);
    case rule_kind::le: return le{r.bound}.problem(v);
    case rule_kind::multiple_of: return multiple_of{r.bound}.problem(v);
    default: return "Not one of: " + detail::list_text(r.numbers.data(), r.numbers.size());
  }
}

template <class T>
void check_number(decoder& in, T v, const rules& all) {
  for (const shape_rule& r : all) {
    if (!applies_to_number(r.kind) || holds(r, v)) continue;
    // A float of 32 bits is checked after it was rounded; which of the two it is, the description does not say.
    if constexpr (std::is_same_v<T, double>) {
      if (holds(r, static_cast<float>(v))) continue;
    }
    in.problem(problem_of(r, v));
  }
}

/// `at_most` and `at_least`: the size, or what is known of it.
void check_size(decoder& in, std::size_t at_least, std::size_t at_most, const rules& all) {
  for (const shape_rule& r : all) {
    if (r.kind == rule_kind::least && at_most < r.size) in.problem("length less than " + std::to_string(r.size));
    if (r.kind == rule_kind::end && at_least >= r.size)
      in.problem("length greater than or equal to " + std::to_string(r.size));
  }
}

void check_text(decoder& in, std::string_view s, const rules& all) {
  for (const shape_rule& r : all) {
    if (r.kind == rule_kind::pattern && !detail::matches(r.text, s)) in.problem("Does not match pattern: " + r.text);
    if (r.kind == rule_kind::least || r.kind == rule_kind::end) {
      const std::size_t n = wire::count_code_points(s);
      check_size(in, n, n, {r});
    }
    if (r.kind == rule_kind::one_of && !r.texts.empty() &&
        std::find(r.texts.begin(), r.texts.end(), s) == r.texts.end()) {
      std::vector<std::string_view> views{r.texts.begin(), r.texts.end()};
      in.problem("Not one of: " + detail::list_text(views.data(), views.size()));
    }
  }
}

} // namespace

// --- The description, compiled

struct message_shape::node {
  struct field {
    std::string name;
    bool required = true;
    const node* type = nullptr;
  };

  shape_kind kind = shape_kind::unknown;
  std::string text; ///< in problems
  remote::rules rules;
  std::int64_t least = std::numeric_limits<std::int64_t>::min(); ///< of an integer
  std::uint64_t most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::vector<const node*> parts; ///< of containers and unions
  std::vector<field> fields;
  bool as_array = false;
  std::vector<std::string> names; ///< of an enumeration
  std::vector<std::int64_t> numbers;
  std::vector<std::unique_ptr<node>> owned;

  affinity suits(wire::kind k) const;
  fit check(decoder& in, const remote::rules* more) const;

private:
  fit check_bare(decoder& in, const remote::rules& all) const;
  fit check_integer(decoder& in, const remote::rules& all) const;
  fit check_list(decoder& in, const remote::rules& all) const;
  fit check_dict(decoder& in, const remote::rules& all) const;
  fit check_tuple(decoder& in) const;
  fit check_choice(decoder& in, const remote::rules& all) const;
  fit check_structure(decoder& in) const;
  bool check_map_fields(decoder& in, std::size_t mark, std::uint32_t n) const;
  bool check_array_fields(decoder& in, std::uint32_t n) const;
  bool check_field(decoder& in, std::size_t i) const;
  fit check_enumeration(decoder& in) const;
};

namespace {

using node = message_shape::node;

class compiler {
public:
  const node* compile(const value& type, std::vector<std::unique_ptr<node>>& owner) {
    auto& n = *owner.emplace_back(std::make_unique<node>());
    if (++made_ > most) return &n; // unknown: passes everything
    const value* name = type.find("type");
    const auto* text = name != nullptr ? name->get_if<std::string>() : nullptr;
    if (text == nullptr) return &n;
    n.text = *text;
    const value* arguments = type.find("arguments");
    const auto* parts = arguments != nullptr ? arguments->get_if<value_map>() : nullptr;
    const auto plain =
        std::find_if(plain_kinds.begin(), plain_kinds.end(), [&](const auto& k) { return k.name == *text; });
    read_rules(n, type);
    if (type.find("values") != nullptr) {
      enumeration(n, *type.find("values"));
    } else if (plain != plain_kinds.end() && !is_fields(parts)) {
      n.kind = plain->kind;
      if (n.kind == shape_kind::nil) n.text = "nil";
      if (n.kind == shape_kind::any) n.text = "any";
      if (n.kind == shape_kind::integer) integer(n, type);
      if (parts != nullptr) containers(n, *parts);
    } else if (parts != nullptr) {
      structure(n, type, *parts);
    } else if (const node* outer = open(*text)) {
      return outer; // a struct within itself
    }
    return &n;
  }

private:
  static constexpr std::size_t most = 100000;

  static bool is_fields(const value_map* parts) {
    return parts != nullptr && !parts->empty() && parts->front().first.get_if<std::string>() != nullptr;
  }

  const node* open(std::string_view name) const {
    for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
      if ((*it)->text == name) return *it;
    }
    return nullptr;
  }

  static void read_rules(node& n, const value& type) {
    const value* constraints = type.find("constraints");
    const auto* all = constraints != nullptr ? constraints->get_if<value_map>() : nullptr;
    if (all == nullptr) return;
    for (const auto& [key, v] : *all) {
      const auto* name = key.get_if<std::string>();
      if (name == nullptr) continue;
      if (auto r = rule_of(*name, v)) n.rules.push_back(std::move(*r));
    }
  }

  static void integer(node& n, const value& type) {
    const value* format = type.find("format");
    const auto* f = format != nullptr ? format->get_if<std::string>() : nullptr;
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
    if (n.kind != shape_kind::choice) return;
    n.text.clear();
    for (const node* p : n.parts) n.text += (n.text.empty() ? "" : " | ") + p->text;
  }

  static void enumeration(node& n, const value& values) {
    const auto* all = values.get_if<value_map>();
    if (all == nullptr) return;
    n.kind = shape_kind::enumeration;
    n.text.clear();
    for (const auto& [key, v] : *all) {
      const auto* name = key.get_if<std::string>();
      if (name == nullptr) continue;
      const auto* number = v.get_if<std::int64_t>();
      if (number != nullptr) n.numbers.push_back(*number);
      n.names.push_back(*name);
      n.text += (n.text.empty() ? "" : " | ") + (number != nullptr ? std::to_string(*number) : *name);
    }
    // Numbers past int64 are for the worker to look at.
    if (!n.numbers.empty() && n.numbers.size() != n.names.size()) n.kind = shape_kind::unknown;
  }

  void structure(node& n, const value& type, const value_map& parts) {
    n.kind = shape_kind::structure;
    const value* as_array = type.find("as_array");
    n.as_array = as_array != nullptr && *as_array == value{true};
    open_.push_back(&n);
    for (const auto& [key, part] : parts) {
      const auto* name = key.get_if<std::string>();
      if (name == nullptr) continue;
      const value* optional = part.find("optional");
      n.fields.push_back({*name, optional == nullptr || *optional != value{true}, compile(part, n.owned)});
    }
    open_.pop_back();
  }

  std::vector<const node*> open_;
  std::size_t made_ = 0;
};

} // namespace

// --- Checking

affinity message_shape::node::suits(wire::kind k) const {
  const auto exact = [](bool b) { return b ? affinity::exact : affinity::none; };
  switch (kind) {
    case shape_kind::unknown:
    case shape_kind::any: return affinity::converts;
    case shape_kind::boolean: return exact(k == wire::kind::boolean);
    case shape_kind::integer: return exact(k == wire::kind::integer);
    case shape_kind::real: return k == wire::kind::integer ? affinity::converts : exact(k == wire::kind::real);
    case shape_kind::text: return exact(k == wire::kind::str);
    case shape_kind::binary: return exact(k == wire::kind::bin);
    case shape_kind::nil: return exact(k == wire::kind::nil);
    case shape_kind::datetime: return k == wire::kind::str ? affinity::converts : exact(k == wire::kind::ext);
    case shape_kind::list:
    case shape_kind::set:
    case shape_kind::tuple: return exact(k == wire::kind::array);
    case shape_kind::dict: return exact(k == wire::kind::map);
    case shape_kind::structure: return exact(k == (as_array ? wire::kind::array : wire::kind::map));
    case shape_kind::enumeration: return exact(k == (numbers.empty() ? wire::kind::str : wire::kind::integer));
    case shape_kind::choice: break;
  }
  affinity best = affinity::none;
  for (const node* p : parts) best = std::max(best, p->suits(k));
  return best;
}

fit message_shape::node::check(decoder& in, const remote::rules* more) const {
  if (more == nullptr || more->empty()) return check_bare(in, rules);
  remote::rules all = *more;
  all.insert(all.end(), rules.begin(), rules.end());
  return check_bare(in, all);
}

fit message_shape::node::check_bare(decoder& in, const remote::rules& all) const {
  switch (kind) {
    case shape_kind::unknown:
    case shape_kind::any: in.skip(); return in.stopped() ? fit::wrong : fit::whole;
    case shape_kind::boolean: {
      bool b = false;
      return in.reader.read_bool(b) ? fit::whole : in.wrong("bool");
    }
    case shape_kind::integer: return check_integer(in, all);
    case shape_kind::real: {
      double d = 0;
      if (!in.reader.read_real(d) && detail::read_as_real(in, d) != fit::whole) return fit::wrong;
      check_number(in, d, all);
      return fit::whole;
    }
    case shape_kind::text: {
      std::string_view s;
      if (!in.reader.read_str(s)) return in.wrong("str");
      if (!wire::valid_utf8(s)) return in.invalid_text();
      check_text(in, s, all);
      return fit::whole;
    }
    case shape_kind::binary: {
      bytes_view b;
      if (!in.reader.read_bin(b)) return in.wrong("bytes");
      check_size(in, b.size(), b.size(), all);
      return fit::whole;
    }
    case shape_kind::nil: return in.reader.read_nil() ? fit::whole : in.wrong("nil");
    case shape_kind::datetime: {
      detail::instant t;
      return detail::decode_time(in, t);
    }
    case shape_kind::list:
    case shape_kind::set: return check_list(in, all);
    case shape_kind::dict: return check_dict(in, all);
    case shape_kind::tuple: return check_tuple(in);
    case shape_kind::choice: return check_choice(in, all);
    case shape_kind::structure: return check_structure(in);
    case shape_kind::enumeration: return check_enumeration(in);
  }
  return fit::wrong;
}

fit message_shape::node::check_integer(decoder& in, const remote::rules& all) const {
  std::int64_t i = 0;
  std::uint64_t u = 0;
  if (in.reader.read_int(i)) {
    if (i < least || (i > 0 && static_cast<std::uint64_t>(i) > most))
      return in.out_of_range(least, most, std::to_string(i));
    check_number(in, i, all);
    return fit::whole;
  }
  if (most > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) && in.reader.read_uint(u)) {
    check_number(in, u, all);
    return fit::whole;
  }
  return in.wrong_integer(least, most);
}

fit message_shape::node::check_list(decoder& in, const remote::rules& all) const {
  std::uint32_t n = 0;
  if (!in.begin_array(n)) return in.wrong(text);
  fit whole = fit::whole;
  for (std::uint32_t i = 0; i < n && !parts.empty(); ++i) {
    const std::size_t mark = in.mark();
    if (parts.front()->check(in, nullptr) != fit::whole) whole = fit::partly;
    if (in.mark() != mark) in.wrap_index(mark, i);
    if (in.stopped()) return fit::wrong;
  }
  in.end();
  check_size(in, kind == shape_kind::set ? 0 : n, n, all); // a set may hold fewer than came
  return whole;
}

fit message_shape::node::check_dict(decoder& in, const remote::rules& all) const {
  std::uint32_t n = 0;
  if (!in.begin_map(n)) return in.wrong(text);
  const std::size_t start = in.mark();
  fit whole = fit::whole;
  for (std::uint32_t i = 0; i < n && parts.size() == 2; ++i) {
    const bytes_view at = in.reader.rest();
    wire::reader ahead{at};
    bytes_view key;
    ahead.read_raw(key, wire::reader::deepest);
    if (in.mark() != start) in.drop_key(start, key); // the last of duplicates counts
    const std::size_t mark = in.mark();
    fit f = parts[0]->check(in, nullptr);
    if (in.stopped()) return fit::wrong;
    if (in.mark() != mark) in.wrap_key(mark, key);
    if (f != fit::whole) {
      in.skip();
    } else {
      const std::size_t value_mark = in.mark();
      f = parts[1]->check(in, nullptr);
      if (in.mark() != value_mark) in.wrap_key(value_mark, key);
    }
    if (in.stopped()) return fit::wrong;
    if (f != fit::whole) whole = fit::partly;
  }
  in.end();
  check_size(in, 0, n, all);
  return whole;
}

fit message_shape::node::check_tuple(decoder& in) const {
  const wire::reader at = in.reader;
  std::uint32_t n = 0;
  if (!in.begin_array(n)) return in.wrong("tuple");
  if (n != parts.size()) return in.wrong_count(at, parts.size(), n);
  fit whole = fit::whole;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::size_t mark = in.mark();
    if (parts[i]->check(in, nullptr) != fit::whole) whole = fit::partly;
    if (in.mark() != mark) in.wrap_index(mark, i);
    if (in.stopped()) return fit::wrong;
  }
  in.end();
  return whole;
}

fit message_shape::node::check_choice(decoder& in, const remote::rules& all) const {
  const wire::kind next = in.reader.peek();
  std::vector<std::pair<affinity, const node*>> candidates;
  for (const node* p : parts) {
    const affinity a = p->suits(next);
    if (p->kind == shape_kind::unknown) return in.skip(), in.stopped() ? fit::wrong : fit::whole;
    if (a != affinity::none) candidates.emplace_back(a, p);
  }
  if (candidates.empty()) return in.wrong(text);
  if (candidates.size() == 1) return candidates.front().second->check(in, &all);
  const auto start = in.here();
  const node* breaks_rules = nullptr;
  for (const affinity wanted : {affinity::exact, affinity::converts}) {
    for (const auto& [a, p] : candidates) {
      if (a != wanted) continue;
      const fit f = p->check(in, &all);
      if (in.stopped()) return fit::wrong;
      if (f == fit::whole && in.mark() == start.mark) return f;
      if (f == fit::whole && breaks_rules == nullptr) breaks_rules = p;
      in.go_back(start);
      if (in.stopped()) return fit::wrong;
    }
  }
  return breaks_rules != nullptr ? breaks_rules->check(in, &all) : in.wrong(text);
}

bool message_shape::node::check_field(decoder& in, std::size_t i) const {
  const std::size_t mark = in.mark();
  const fit f = fields[i].type->check(in, nullptr);
  if (in.stopped()) return false;
  if (in.mark() != mark) in.wrap_field(mark, fields[i].name);
  return f == fit::whole;
}

bool message_shape::node::check_array_fields(decoder& in, std::uint32_t n) const {
  bool whole = true;
  for (std::size_t i = 0; i < fields.size() && !in.stopped(); ++i) {
    if (i < n) {
      whole = check_field(in, i) && whole;
    } else if (fields[i].required) {
      in.missing_field(fields[i].name);
      whole = false;
    }
  }
  for (std::size_t i = fields.size(); i < n && !in.stopped(); ++i) in.skip();
  return whole;
}

bool message_shape::node::check_map_fields(decoder& in, std::size_t, std::uint32_t n) const {
  // In one go as long as fields come in their declared order; from the first that does not, the places of the rest are noted first.
  bool whole = true;
  std::size_t next = 0;
  std::uint32_t left = n;
  for (; left != 0 && next < fields.size() && !in.stopped(); --left, ++next) {
    const wire::reader at = in.reader;
    std::string_view key;
    if (in.reader.read_str(key) && key == fields[next].name) {
      whole = check_field(in, next) && whole;
    } else {
      in.reader = at;
      break;
    }
  }
  if (in.stopped()) return false;
  std::vector<const std::byte*> places(fields.size(), nullptr);
  bool again = false;
  if (!in.spend(left != 0 ? in.reader.remaining() : 0)) return false;
  for (; left != 0 && !in.stopped(); --left) {
    std::string_view key;
    if (in.reader.read_str(key)) {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name != key) continue;
        places[i] = in.reader.rest().data();
        again = again || i < next;
      }
    } else {
      in.skip();
    }
    in.skip();
  }
  if (in.stopped()) return false;
  const wire::reader end = in.reader;
  const std::byte* const last = end.rest().data() + end.rest().size();
  const auto check_at = [&](std::size_t i) {
    in.reader = wire::reader{bytes_view{places[i], last}};
    whole = check_field(in, i) && whole;
  };
  for (std::size_t i = next; i < fields.size() && !in.stopped(); ++i) {
    if (places[i] != nullptr) {
      check_at(i);
    } else if (fields[i].required) {
      in.missing_field(fields[i].name);
      whole = false;
    }
  }
  // A duplicate of a field that was checked: the type itself knows best what that means.
  if (again && in.mark() != 0) in.spend(std::numeric_limits<std::size_t>::max());
  if (in.stopped()) return false;
  in.reader = end;
  return whole;
}

fit message_shape::node::check_structure(decoder& in) const {
  const std::size_t mark = in.mark();
  std::uint32_t n = 0;
  if (as_array ? !in.begin_array(n) : !in.begin_map(n)) return in.wrong(text);
  const bool whole = as_array ? check_array_fields(in, n) : check_map_fields(in, mark, n);
  if (in.stopped()) return fit::wrong;
  if (in.mark() != mark) in.merge_fields(mark);
  in.end();
  return whole ? fit::whole : fit::partly;
}

fit message_shape::node::check_enumeration(decoder& in) const {
  if (!numbers.empty()) {
    std::int64_t i = 0;
    if (!in.reader.read_int(i)) return in.wrong(text);
    if (std::find(numbers.begin(), numbers.end(), i) != numbers.end()) return fit::whole;
    in.problem("Expected " + text + ", got " + std::to_string(i));
    return fit::wrong;
  }
  std::string_view s;
  if (!in.reader.read_str(s)) return in.wrong(text);
  if (std::find(names.begin(), names.end(), s) != names.end()) return fit::whole;
  in.problem("Expected " + text + ", got another str");
  return fit::wrong;
}

// --- The whole

message_shape::message_shape(const value& type) {
  auto root = std::make_unique<node>();
  compiler c;
  root->parts.push_back(c.compile(type, root->owned));
  root_ = std::move(root);
}

message_shape::~message_shape() = default;

bool message_shape::check(bytes_view encoded, const limits& l, std::optional<error>& failure) const {
  decoder in{encoded, l};
  const node& n = *root_->parts.front();
  if (n.check(in, nullptr) == fit::whole && in.clean()) return true;
  in.fail(failure, n.kind == shape_kind::structure);
  if (failure->code == static_cast<std::int64_t>(error_code::validation_error)) return false;
  failure.reset(); // too large, too deep: the type itself says whether
  return true;
}

} // namespace swill::actors::remote
