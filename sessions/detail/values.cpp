#include "sessions/detail/values.hpp"

#include "libswill/wire/reader.hpp"
#include "libswill/wire/writer.hpp"

#include <stdexcept>

namespace swill::detail {

session_values read_session_values(std::string_view data) {
  session_values out;
  if (data.empty()) return out;
  wire::reader in{as_bytes(data)};
  std::uint32_t n = 0;
  bool good = in.read_map(n);
  out.reserve(good ? n : 0); // the reader has seen that so many can be there
  for (; good && n > 0; --n) {
    std::string_view name;
    bytes_view value;
    good = in.read_str(name) && in.read_raw(value, wire::reader::deepest);
    if (good) out.push_back({std::string{name}, std::string{as_text(value)}});
  }
  if (!good) throw std::runtime_error("a stored session cannot be read");
  return out;
}

void write_session_values(buffer& out, const session_values& all) {
  wire::writer w{out};
  w.map(all.size());
  for (const session_value& v : all) {
    w.text(v.name);
    w.raw(as_bytes(v.encoded));
  }
}

session_changes changes_between(std::string_view before, std::string_view after) {
  session_values old = read_session_values(before);
  session_changes out;
  for (session_value& v : read_session_values(after)) {
    const auto at = find_value(old, v.name);
    if (at == old.end()) {
      out.push_back({std::move(v.name), {}, std::move(v.encoded)});
      continue;
    }
    if (at->encoded != v.encoded) out.push_back({std::move(v.name), std::move(at->encoded), std::move(v.encoded)});
    old.erase(at);
  }
  for (session_value& v : old) out.push_back({std::move(v.name), std::move(v.encoded), {}}); // erased
  return out;
}

bool apply_changes(session_values& to, const session_changes& changes) {
  for (const session_change& c : changes) {
    const auto at = find_value(to, c.name);
    const std::string_view found = at != to.end() ? std::string_view{at->encoded} : std::string_view{};
    if (found != c.before) return false;
    if (c.after.empty()) {
      if (at != to.end()) to.erase(at);
    } else if (at != to.end()) {
      at->encoded = c.after;
    } else {
      to.push_back({c.name, c.after});
    }
  }
  return true;
}

} // namespace swill::detail
