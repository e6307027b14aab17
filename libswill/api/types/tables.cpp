#include "libswill/api/types/tables.hpp"

#include "libswill/wire/codec.hpp"
#include "libswill/wire/utf8.hpp"

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <numeric>
#include <stdexcept>

namespace swill::detail {

std::size_t struct_table::find(std::string_view field, std::size_t hint) const noexcept {
  if (hint < fields.size() && fields[hint].name == field) return hint;
  const auto less = [this](std::size_t i, std::string_view n) { return fields[i].name < n; };
  const auto found = std::lower_bound(by_name.begin(), by_name.end(), field, less);
  return found != by_name.end() && fields[*found].name == field ? *found : none;
}

void struct_table::finish() {
  may_be_nil =
      !fields.empty() && std::none_of(fields.begin(), fields.end(), [](const field_entry& f) { return f.required; });
  by_name.resize(fields.size());
  std::iota(by_name.begin(), by_name.end(), std::size_t{0});
  std::sort(by_name.begin(), by_name.end(),
            [this](std::size_t a, std::size_t b) { return fields[a].name < fields[b].name; });
  for (std::size_t i = 0; i < by_name.size(); ++i) {
    const std::string_view field = fields[by_name[i]].name;
    if (!wire::valid_utf8(field)) throw std::logic_error{"describe of " + name + ": the name of a field is not UTF-8"};
    if (i != 0 && fields[by_name[i - 1]].name == field) {
      throw std::logic_error{"describe of " + name + ": field " + std::string{field} + " stands there twice"};
    }
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
  if (entries.empty()) throw std::logic_error{"describe of " + name + ": an enumeration without values"};
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

void set_initial(field_entry& f, void (*encode_member)(encoder&, const void*), const void* member) {
  buffer encoded;
  wire::writer to{encoded};
  encoder out{to};
  try {
    encode_member(out, member);
  } catch (const encode_error&) {
    return; // an enumerator without a name, say: then it is never equal, and not shown
  }
  f.initial_encoding.assign(encoded.view().begin(), encoded.view().end());
  wire::reader from{encoded.view()};
  value v;
  if (wire::read_value(from, v, wire::reader::deepest)) f.initial = std::move(v);
}

} // namespace swill::detail
