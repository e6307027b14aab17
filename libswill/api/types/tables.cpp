#include "libswill/api/types/tables.hpp"

#include "libswill/base/printable.hpp"
#include "libswill/base/utf8.hpp"
#include "libswill/wire/codec.hpp"

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <limits>
#include <memory>
#include <numeric>

namespace swill::detail {

std::size_t struct_table::find(std::string_view field, std::size_t hint) const noexcept {
  if (hint < fields.size() && fields[hint].name == field) return hint;
  const auto less = [this](std::size_t i, std::string_view n) { return fields[i].name < n; };
  const auto found = std::lower_bound(by_name.begin(), by_name.end(), field, less);
  return found != by_name.end() && fields[*found].name == field ? *found : none;
}

namespace {

/// Adds what is wrong with the name of a field or a value of a type. True when there is something, so that no path can have it.
bool check_name(std::string_view name, const std::string& of, std::string_view type, std::vector<mistake>& out) {
  const std::string path = path_in(type);
  if (name.empty()) {
    out.push_back({path, "the name of a " + of + " is empty; give it one that is not"});
  } else if (!valid_utf8(name)) {
    out.push_back({path, "the name of a " + of + " is not UTF-8; give it one that is"});
  } else if (std::string shown = printable(name); shown != name) {
    out.push_back({path, "the name of a " + of + ", " + shown + ", holds control characters; give it one without"});
  } else {
    return false;
  }
  return true;
}

} // namespace

field_entry& struct_table::add_field(std::string_view field, value (*introspect)(introspector&)) {
  field_entry& f = fields.emplace_back();
  f.name = field;
  f.introspect = introspect;
  return f;
}

void struct_table::finish() {
  if (travels_as && (fields.size() != 1 || as_array || omit_defaults || strict)) {
    mistakes.push_back({path_in(name),
                        "travels as another type, so it has no fields, and no form of its own; leave out what "
                        "is beside d.as or d.convert, but for rules and words"});
  }
  may_be_nil =
      !fields.empty() && std::none_of(fields.begin(), fields.end(), [](const field_entry& f) { return f.required; });
  by_name.resize(fields.size());
  std::iota(by_name.begin(), by_name.end(), std::size_t{0});
  std::sort(by_name.begin(), by_name.end(),
            [this](std::size_t a, std::size_t b) { return fields[a].name < fields[b].name; });
  for (std::size_t i = 0; i < by_name.size(); ++i) {
    const std::string_view field = fields[by_name[i]].name;
    if (!travels_as && check_name(field, "field", name, mistakes)) continue;
    if (i != 0 && fields[by_name[i - 1]].name == field) {
      mistakes.push_back({path_in(name, field), "stands there twice; each field needs a name of its own"});
    }
  }
  for (const field_entry& f : fields) f.notes.collect(path_in(name, f.name), mistakes);
  if (fields.empty() && !is_empty) {
    mistakes.push_back(
        {path_in(name), "describe names no field, but the struct has members; name those that travel by d.field"});
  }
}

std::string enum_table::text() const {
  std::string s;
  for (const auto& e : entries) {
    if (!s.empty()) s += " | ";
    s += by_number ? (is_unsigned ? std::to_string(static_cast<std::uint64_t>(e.number)) : std::to_string(e.number))
                   : std::string{e.name};
  }
  return s;
}

void enum_table::finish() {
  if (entries.empty()) mistakes.push_back({path_in(name), "an enumeration without values; name each by d.value"});
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const enum_entry& e = entries[i];
    if (check_name(e.name, "value", name, mistakes)) continue;
    const auto same_name = [&e](const enum_entry& other) { return other.name == e.name; };
    if (std::find_if(entries.begin(), entries.end(), same_name) - entries.begin() < static_cast<std::ptrdiff_t>(i))
      mistakes.push_back({path_in(name, e.name), "stands there twice; each value needs a name of its own"});
    const auto same = std::find_if(entries.begin(), entries.end(),
                                   [&e](const enum_entry& other) { return other.number == e.number; });
    if (same->name != e.name)
      mistakes.push_back({path_in(name, e.name), "is the same value as " + std::string{same->name} +
                                                     ", so that it is never sent; one name for each would be right"});
  }
}

std::string short_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled{
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free};
  const std::string_view full = status == 0 ? demangled.get() : type.name();
  int nested = 0; // within <…> and (…), :: belongs to an argument
  for (std::size_t i = full.size(); i-- > 1;) {
    if (full[i] == '>' || full[i] == ')') ++nested;
    if (full[i] == '<' || full[i] == '(') --nested;
    if (nested == 0 && full[i] == ':' && full[i - 1] == ':') return std::string{full.substr(i + 1)};
  }
  return std::string{full};
}

std::string path_in(std::string_view type, std::string_view field) {
  std::string path = "types.";
  path += type;
  if (!field.empty()) path.append(1, '.').append(field);
  return path;
}

void throw_first(const std::vector<mistake>& mistakes) {
  if (!mistakes.empty()) throw mistaken_type{mistakes.front().path + ": " + mistakes.front().text};
}

namespace {

/// The first description in what a decoder says of a message (docs/protocol.md §4).
std::string first_description(const value& problems) {
  if (const auto* text = problems.find<std::string>("description")) return *text;
  if (const auto* all = problems.get_if<value_array>()) {
    for (const value& v : *all) {
      if (std::string found = first_description(v); !found.empty()) return found;
    }
  }
  if (const auto* all = problems.get_if<value_map>()) {
    for (const auto& [key, v] : *all) {
      if (std::string found = first_description(v); !found.empty()) return found;
    }
  }
  return {};
}

} // namespace

struct_table make_table(const std::type_info& of, bool is_empty, table_filler fill) {
  struct_table t;
  t.name = short_name(of);
  t.is_empty = is_empty;
  fill(t, nullptr, false);
  t.finish();
  return t;
}

void check_initial(const std::type_info& of, const field_entry& f, std::vector<mistake>& out,
                   void (*decode_member)(decoder&, const void* rules), const void* rules) {
  const std::string path = path_in(short_name(of), f.name);
  if (!f.unsendable.empty())
    out.push_back(
        {path, "its default cannot be sent (" + f.unsendable + "); give it one that can, or make it std::optional"});
  if (f.initial_encoding.empty() || decode_member == nullptr) return;
  limits any;
  any.decoded_size = std::numeric_limits<std::size_t>::max();
  decoder in{f.initial_encoding, any};
  decode_member(in, rules);
  if (in.clean()) return;
  std::optional<error> failure;
  in.fail(failure, false);
  constexpr std::size_t longest = 64;
  out.push_back({path, "its default " + (f.initial ? to_text(*f.initial, longest) : std::string{}) +
                           " breaks its own rule (" + (failure ? first_description(failure->data) : std::string{}) +
                           "); give it one that fits, or make it std::optional"});
}

void add_failed_rule(const std::type_info& of, std::string_view rule, std::vector<mistake>& out) {
  out.push_back(
      {path_in(short_name(of)), "the defaults of its fields break its own rule (" + std::string{rule} +
                                    "); give them values that fit together, or make one required or std::optional"});
}

void set_initial(field_entry& f, void (*encode_member)(encoder&, const void*), const void* member) {
  buffer encoded;
  wire::writer to{encoded};
  encoder out{to};
  try {
    encode_member(out, member);
  } catch (const encode_error& e) { // an enumerator without a name, say: then it is never equal, and not shown
    f.unsendable = e.what();
    return;
  } catch (const mistaken_type&) { // which is told of that type
    return;
  }
  f.initial_encoding.assign(encoded.view().begin(), encoded.view().end());
  wire::reader from{encoded.view()};
  value v;
  if (wire::read_value(from, v, wire::reader::deepest)) f.initial = std::move(v);
}

} // namespace swill::detail
