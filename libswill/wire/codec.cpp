#include "libswill/wire/codec.hpp"

#include "libswill/base/limits.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace swill::wire {

namespace {

/// Of entries with equal keys the last stays.
void drop_duplicates(value_map& entries) {
  const std::size_t n = entries.size();
  std::vector<bool> superseded(n);
  constexpr std::size_t few = 16;
  if (n <= few) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t later = i + 1; later < n && !superseded[i]; ++later)
        superseded[i] = entries[i].first == entries[later].first;
    }
  } else {
    // A hostile map must not cost a comparison of each with each: equal keys have one shortest encoding.
    buffer keys;
    writer to{keys};
    std::vector<std::size_t> ends(n), order(n);
    for (std::size_t i = 0; i < n; ++i) {
      write_value(to, entries[i].first);
      ends[i] = keys.size();
      order[i] = i;
    }
    const auto key = [&](std::size_t i) {
      const std::size_t begin = i == 0 ? 0 : ends[i - 1];
      return as_text(keys.view().subspan(begin, ends[i] - begin));
    };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const int c = key(a).compare(key(b));
      return c < 0 || (c == 0 && a < b);
    });
    for (std::size_t i = 0; i + 1 < n; ++i) superseded[order[i]] = key(order[i]) == key(order[i + 1]);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (superseded[i]) continue;
    if (kept != i) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.resize(kept);
}

/// Builds one dynamic value. Recursion ends at the nesting limit, memory at the budget.
class value_reader {
public:
  value_reader(reader& from, std::size_t& budget) : from_(from), budget_(budget) {}

  value_status read(value& out, std::size_t nesting) {
    switch (from_.peek()) {
      case kind::nil: return read_nil(out);
      case kind::boolean: return read_bool(out);
      case kind::integer: return read_integer(out);
      case kind::real: return read_real(out);
      case kind::str: return read_str(out);
      case kind::bin: return read_bin(out);
      case kind::array: return read_array(out, nesting);
      case kind::map: return read_map(out, nesting);
      case kind::ext: return read_ext(out);
      case kind::end: break;
    }
    return value_status::malformed;
  }

private:
  static value_status simple(bool read) { return read ? value_status::ok : value_status::malformed; }

  value_status read_nil(value& out) {
    out = {};
    return simple(from_.read_nil());
  }

  value_status read_bool(value& out) {
    bool b = false;
    const bool read = from_.read_bool(b);
    out = b;
    return simple(read);
  }

  value_status read_integer(value& out) {
    if (std::int64_t i = 0; from_.read_int(i)) {
      out = i;
      return value_status::ok;
    }
    std::uint64_t u = 0;
    const bool read = from_.read_uint(u);
    out = u;
    return simple(read);
  }

  value_status read_real(value& out) {
    if (float f = 0; from_.read_real32(f)) {
      out = f;
      return value_status::ok;
    }
    double d = 0;
    const bool read = from_.read_real(d);
    out = d;
    return simple(read);
  }

  value_status read_str(value& out) {
    std::string_view s;
    if (!from_.read_str(s)) return value_status::malformed;
    if (!valid_utf8(s)) return value_status::invalid_utf8;
    out = s;
    return value_status::ok;
  }

  value_status read_bin(value& out) {
    bytes_view b;
    if (!from_.read_bin(b)) return value_status::malformed;
    out = bytes(b.begin(), b.end());
    return value_status::ok;
  }

  value_status read_ext(value& out) {
    extension e;
    bytes_view b;
    if (!from_.read_ext(e.type, b)) return value_status::malformed;
    e.data.assign(b.begin(), b.end());
    out = std::move(e);
    return value_status::ok;
  }

  value_status read_array(value& out, std::size_t nesting) {
    std::uint32_t n = 0;
    if (!from_.read_array(n)) return value_status::malformed;
    if (nesting == 0) return value_status::too_deep;
    if (!spend(n, sizeof(value))) return value_status::too_large;
    value_array items(n);
    for (value& item : items) {
      if (const auto s = read(item, nesting - 1); s != value_status::ok) return s;
    }
    out = std::move(items);
    return value_status::ok;
  }

  value_status read_map(value& out, std::size_t nesting) {
    std::uint32_t n = 0;
    if (!from_.read_map(n)) return value_status::malformed;
    if (nesting == 0) return value_status::too_deep;
    if (!spend(n, sizeof(value_map::value_type))) return value_status::too_large;
    value_map entries(n);
    for (auto& [key, item] : entries) {
      if (const auto s = read(key, nesting - 1); s != value_status::ok) return s;
      if (const auto s = read(item, nesting - 1); s != value_status::ok) return s;
    }
    drop_duplicates(entries);
    out = std::move(entries);
    return value_status::ok;
  }

  /// Pays for n things before they are allocated.
  bool spend(std::size_t n, std::size_t each) {
    if (n > budget_ / each) return false;
    budget_ -= n * each;
    return true;
  }

  reader& from_;
  std::size_t& budget_;
};

struct value_writer {
  writer& to;

  void operator()(std::monostate) const { to.nil(); }
  void operator()(bool b) const { to.boolean(b); }
  void operator()(std::int64_t i) const { to.integer(i); }
  void operator()(std::uint64_t u) const { to.unsigned_integer(u); }
  void operator()(float f) const { to.real32(f); }
  void operator()(double d) const { to.real(d); }
  void operator()(const std::string& s) const { to.text(s); }
  void operator()(const bytes& b) const { to.bin(b); }
  void operator()(const extension& e) const { to.ext(e.type, e.data); }
  void operator()(const value_array& items) const {
    to.array(items.size());
    for (const value& item : items) write_value(to, item);
  }
  void operator()(const value_map& entries) const {
    to.map(entries.size());
    for (const auto& [key, item] : entries) {
      write_value(to, key);
      write_value(to, item);
    }
  }
};

} // namespace

value_status read_value(reader& from, value& out, std::size_t nesting_limit, std::size_t& budget) {
  const reader before = from;
  const auto status = value_reader{from, budget}.read(out, std::min(nesting_limit, reader::deepest));
  if (status != value_status::ok) {
    from = before;
    out = {};
  }
  return status;
}

bool read_value(reader& from, value& out, std::size_t nesting_limit) {
  std::size_t budget = limits{}.decoded_size;
  return read_value(from, out, nesting_limit, budget) == value_status::ok;
}

void write_value(writer& to, const value& v) { std::visit(value_writer{to}, v.variant()); }

} // namespace swill::wire
