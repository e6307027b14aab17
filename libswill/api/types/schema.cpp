#include "libswill/api/types/schema.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/api/types/schema_node.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace swill {

using detail::affinity;
using detail::decoder;
using detail::fit;
using detail::schema_rules;

affinity schema::node::suits(wire::kind k) const {
  const auto exact = [](bool b) { return b ? affinity::exact : affinity::none; };
  switch (kind) {
    case schema_kind::unknown:
    case schema_kind::any: return affinity::converts;
    case schema_kind::boolean: return exact(k == wire::kind::boolean);
    case schema_kind::integer: return exact(k == wire::kind::integer);
    case schema_kind::real: return k == wire::kind::integer ? affinity::converts : exact(k == wire::kind::real);
    case schema_kind::text: return exact(k == wire::kind::str);
    case schema_kind::binary: return exact(k == wire::kind::bin);
    case schema_kind::nil: return exact(k == wire::kind::nil);
    case schema_kind::datetime: return k == wire::kind::str ? affinity::converts : exact(k == wire::kind::ext);
    case schema_kind::list:
    case schema_kind::set:
    case schema_kind::tuple: return exact(k == wire::kind::array);
    case schema_kind::dict: return exact(k == wire::kind::map);
    case schema_kind::structure: return exact(k == (as_array ? wire::kind::array : wire::kind::map));
    case schema_kind::enumeration: return exact(k == (numbers.empty() ? wire::kind::str : wire::kind::integer));
    case schema_kind::choice:
    case schema_kind::recursion: break;
  }
  affinity best = affinity::none;
  for (const node* p : parts) best = std::max(best, p->suits(k));
  return best;
}

fit schema::node::check(decoder& in, const schema_rules* more) const {
  if (more == nullptr || more->empty()) return check_bare(in, rules);
  schema_rules all = *more;
  all.insert(all.end(), rules.begin(), rules.end());
  return check_bare(in, all);
}

fit schema::node::check_bare(decoder& in, const schema_rules& all) const {
  switch (kind) {
    case schema_kind::unknown:
    case schema_kind::any: in.skip(); return in.stopped() ? fit::wrong : fit::whole;
    case schema_kind::boolean: {
      bool b = false;
      return in.reader.read_bool(b) ? fit::whole : in.wrong("bool");
    }
    case schema_kind::integer: return check_integer(in, all);
    case schema_kind::real: {
      double d = 0;
      if (!in.reader.read_real(d) && detail::read_as_real(in, d) != fit::whole) return fit::wrong;
      check_number(in, d, all);
      return fit::whole;
    }
    case schema_kind::text: {
      std::string_view s;
      if (!in.reader.read_str(s)) return in.wrong("str");
      if (!valid_utf8(s)) return in.invalid_text();
      check_text(in, s, all);
      return fit::whole;
    }
    case schema_kind::binary: {
      bytes_view b;
      if (!in.reader.read_bin(b)) return in.wrong("bytes");
      check_size(in, b.size(), b.size(), all);
      return fit::whole;
    }
    case schema_kind::nil: return in.reader.read_nil() ? fit::whole : in.wrong("nil");
    case schema_kind::datetime: {
      detail::instant t;
      return detail::decode_time(in, t);
    }
    case schema_kind::list:
    case schema_kind::set: return check_list(in, all);
    case schema_kind::dict: return check_dict(in, all);
    case schema_kind::tuple: return check_tuple(in);
    case schema_kind::choice: return check_choice(in, all);
    case schema_kind::structure: return check_structure(in);
    case schema_kind::enumeration: return check_enumeration(in);
    case schema_kind::recursion: return parts.front()->check(in, nullptr);
  }
  return fit::wrong;
}

fit schema::node::check_integer(decoder& in, const schema_rules& all) const {
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
  if (in.read_integer_as_real(i)) {
    if (i < least || (i > 0 && static_cast<std::uint64_t>(i) > most))
      return in.out_of_range(least, most, std::to_string(i));
    check_number(in, i, all);
    return fit::whole;
  }
  return in.wrong_integer(least, most);
}

fit schema::node::check_list(decoder& in, const schema_rules& all) const {
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
  check_size(in, kind == schema_kind::set ? 0 : n, n, all); // a set may hold fewer than came
  return whole;
}

fit schema::node::check_dict(decoder& in, const schema_rules& all) const {
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

fit schema::node::check_tuple(decoder& in) const {
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

fit schema::node::check_choice(decoder& in, const schema_rules& all) const {
  wire::kind next = in.reader.peek();
  if (next == wire::kind::real && suits(next) == affinity::none) next = in.peek_as_integer();
  std::vector<std::pair<affinity, const node*>> candidates;
  for (const node* p : parts) {
    const affinity a = p->suits(next);
    if (p->kind == schema_kind::unknown) return in.skip(), in.stopped() ? fit::wrong : fit::whole;
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

bool schema::node::check_field(decoder& in, std::size_t i) const {
  // nil says of a field with a default that it has that.
  if (!fields[i].required && in.reader.peek() == wire::kind::nil &&
      fields[i].type->suits(wire::kind::nil) == affinity::none)
    return in.reader.read_nil();
  const std::size_t mark = in.mark();
  const fit f = fields[i].type->check(in, nullptr);
  if (in.stopped()) return false;
  if (in.mark() != mark) in.wrap_field(mark, fields[i].name);
  return f == fit::whole;
}

bool schema::node::check_array_fields(decoder& in, std::uint32_t n) const {
  bool whole = true;
  for (std::size_t i = 0; i < fields.size() && !in.stopped(); ++i) {
    if (i < n) {
      whole = check_field(in, i) && whole;
    } else if (fields[i].required) {
      in.missing_field(fields[i].name);
      whole = false;
    }
  }
  if (strict && n > fields.size()) in.further_items(fields.size(), n - fields.size());
  for (std::size_t i = fields.size(); i < n && !in.stopped(); ++i) in.skip();
  return whole;
}

bool schema::node::check_map_fields(decoder& in, std::uint32_t n) const {
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
    bool known = false;
    if (in.reader.read_str(key)) {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name != key) continue;
        places[i] = in.reader.rest().data();
        again = again || i < next;
        known = true;
      }
    } else {
      in.skip();
    }
    if (strict && !known) in.unknown_field(key);
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

fit schema::node::check_structure(decoder& in) const {
  const std::size_t mark = in.mark();
  std::uint32_t n = 0;
  if (as_array ? !in.begin_array(n) : !in.begin_map(n)) return in.wrong(text);
  const bool whole = as_array ? check_array_fields(in, n) : check_map_fields(in, n);
  if (in.stopped()) return fit::wrong;
  if (in.mark() != mark) in.merge_fields(mark);
  in.end();
  return whole ? fit::whole : fit::partly;
}

fit schema::node::check_enumeration(decoder& in) const {
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

schema::schema(const value& type) : root_(compile_schema(type)) {}

schema::~schema() = default;

const schema::node& schema::root() const noexcept { return *root_->parts.front(); }

bool schema::check(bytes_view encoded, const limits& l, std::optional<error>& failure) const {
  decoder in{encoded, l};
  const node& n = root();
  // nil is a struct of which all fields may be absent.
  const bool may_be_nil = n.kind == schema_kind::structure && !n.fields.empty() &&
                          std::none_of(n.fields.begin(), n.fields.end(), [](const auto& f) { return f.required; });
  if (may_be_nil && in.reader.read_nil()) return true;
  if (n.check(in, nullptr) == fit::whole && in.clean()) return true;
  in.fail(failure, n.kind == schema_kind::structure);
  if (failure->is(error_code::validation_error)) return false;
  failure.reset(); // too large, too deep: the type itself says whether
  return true;
}

} // namespace swill
