#include "libswill/api/types/decoder.hpp"

#include "libswill/api/types/tables.hpp"
#include "libswill/base/utf8.hpp"
#include "libswill/wire/codec.hpp"

#include <algorithm>
#include <cmath>

namespace swill::detail {

namespace {

value decoded(bytes_view raw) {
  wire::reader from{raw};
  value v;
  wire::read_value(from, v, wire::reader::deepest);
  return v;
}

/// A field's problems look like {name: […]}; a mere description like {"description": "…"}.
bool is_fields(const value& v) {
  const auto* m = v.get_if<value_map>();
  return m != nullptr && !m->empty() && m->front().second.get_if<value_array>() != nullptr;
}

} // namespace

// --- how it ends

bool decoder::stop(state s) noexcept {
  state_ = s;
  reader = wire::reader{bytes_view{}};
  return false;
}

bool decoder::stop_too_large() noexcept { return stop(state::too_large); }

void decoder::fail(std::optional<error>& failure, bool is_struct) {
  if (state_ == state::too_large) {
    failure.emplace(error_code::too_large, "Message takes too much memory to decode");
  } else if (state_ == state::too_deep) {
    failure.emplace(error_code::bad_request, "Message nests deeper than " + std::to_string(limits_->nesting));
  } else if (state_ == state::malformed) {
    failure.emplace(error_code::bad_request, "Message is malformed");
  } else if (is_struct && marks_ == 1 && is_fields(problems_->front())) {
    failure.emplace(error_code::validation_error, "Validation Error", std::move(problems_->front()));
  } else {
    value data = value::map({});
    data.set("*", take_from(0));
    failure.emplace(error_code::validation_error, "Validation Error", std::move(data));
  }
}

// --- reading

bool decoder::read_dynamic(value& out) {
  const std::size_t levels = levels_left();
  if (counts()) {
    wire::reader ahead = reader;
    std::size_t values = 0;
    if (ahead.scan(levels, values) == wire::scan_status::ok && !count(values - 1)) return false;
  }
  switch (wire::read_value(reader, out, levels, memory_)) {
    case wire::value_status::ok: return true;
    case wire::value_status::too_large: return stop(state::too_large);
    case wire::value_status::too_deep: return stop(state::too_deep);
    case wire::value_status::malformed: return stop(state::malformed);
    case wire::value_status::invalid_utf8: break;
  }
  problem("Expected UTF-8 in every str");
  skip();
  return false;
}

bool decoder::read_undecoded(bytes_view& out) {
  const bytes_view from = reader.rest();
  skip();
  if (stopped()) return false;
  out = from.first(from.size() - reader.remaining());
  return true;
}

bool decoder::read_integer_as_real(std::int64_t& out) noexcept {
  const wire::reader before = reader;
  float single = 0;
  double d = 0;
  if (!reader.read_real32(single) && reader.read_real(d)) {
    const double size = std::fabs(d);
    if (size >= 0x1p32 && size <= 0x1p53 && std::trunc(d) == d) {
      out = static_cast<std::int64_t>(d);
      return true;
    }
  }
  reader = before;
  return false;
}

wire::kind decoder::peek_as_integer() const noexcept {
  const wire::kind next = reader.peek();
  if (next != wire::kind::real) return next;
  decoder ahead{reader.rest(), *limits_};
  std::int64_t i = 0;
  return ahead.read_integer_as_real(i) ? wire::kind::integer : next;
}

void decoder::read_nil_as_empty(const struct_table& table) noexcept {
  static constexpr std::byte empty[] = {std::byte{0x80}, std::byte{0x90}};
  if (table.may_be_nil && reader.remaining() == 1 && reader.peek() == wire::kind::nil)
    reader = wire::reader{bytes_view{&empty[table.as_array ? 1 : 0], 1}};
}

void decoder::skip() {
  if (stopped()) return;
  std::size_t values = 0;
  switch (reader.scan(levels_left(), values)) {
    case wire::scan_status::ok: count(values - 1); break;
    case wire::scan_status::too_deep: stop(state::too_deep); break;
    case wire::scan_status::malformed: stop(state::malformed); break;
  }
}

void decoder::go_back(const bookmark& b) {
  if (stopped()) return;
  const std::size_t read = b.reader.remaining() - reader.remaining(); // all our readers end where the message ends
  reader = b.reader;
  depth_ = b.depth;
  reported_ = b.reported;
  drop(b.mark, [](const value&) { return true; });
  spend(read);
}

bool decoder::spend(std::size_t n) {
  if (effort_ < n) return stop(state::too_large);
  effort_ -= n;
  return true;
}

// --- problems

void decoder::push(value problem) {
  if (problems_ == nullptr) problems_ = std::make_unique<std::vector<value>>();
  problems_->push_back(std::move(problem));
  ++marks_;
}

value decoder::take_from(std::size_t mark) {
  value_array taken;
  for (; mark + taken.size() < marks_;) taken.push_back(std::move((*problems_)[mark + taken.size()]));
  drop(mark, [](const value&) { return true; });
  return taken;
}

template <class Doomed>
void decoder::drop(std::size_t mark, Doomed doomed) {
  if (marks_ == mark) return;
  const auto first = problems_->begin() + static_cast<std::ptrdiff_t>(mark);
  problems_->erase(std::remove_if(first, problems_->end(), doomed), problems_->end());
  marks_ = problems_->size();
}

void decoder::problem(std::string description) {
  if (stopped()) return;
  if (reported_ == limits_->problems) {
    state_ = state::crowded;
    return;
  }
  ++reported_;
  value p = value::map({});
  p.set("description", std::move(description));
  push(std::move(p));
}

std::string decoder::got() const {
  switch (reader.peek()) {
    case wire::kind::nil: return "nil";
    case wire::kind::boolean: return "bool";
    case wire::kind::integer: return "int";
    case wire::kind::real: return "float";
    case wire::kind::str: return "str";
    case wire::kind::bin: return "bytes";
    case wire::kind::array: return "list";
    case wire::kind::map: return "dict";
    case wire::kind::ext: break;
    case wire::kind::end: return "nothing";
  }
  wire::reader ahead = reader;
  std::int8_t type = 0;
  bytes_view data;
  ahead.read_ext(type, data);
  return type == -1 ? std::string{"datetime"} : "extension " + std::to_string(type);
}

fit decoder::wrong(std::string_view expected) {
  if (stopped()) return fit::wrong;
  if (reported_ == limits_->problems) {
    state_ = state::crowded; // nobody reads more of them: no text is made
  } else {
    problem("Expected " + std::string{expected} + ", got " + got());
  }
  skip();
  return fit::wrong;
}

fit decoder::wrong_integer(std::int64_t least, std::uint64_t most) {
  if (reader.peek() != wire::kind::integer) return wrong("int");
  std::int64_t i = 0;
  std::uint64_t u = 0;
  if (reader.read_int(i)) return out_of_range(least, most, std::to_string(i));
  if (reader.read_uint(u)) return out_of_range(least, most, std::to_string(u));
  return wrong("int");
}

fit decoder::out_of_range(std::int64_t least, std::uint64_t most, std::string_view got) {
  problem("Expected int from " + std::to_string(least) + " to " + std::to_string(most) + ", got " + std::string{got});
  return fit::wrong;
}

fit decoder::wrong_count(wire::reader at, std::size_t expected, std::size_t got) {
  --depth_;
  reader = at;
  problem("Expected " + std::to_string(expected) + (expected == 1 ? " item, got " : " items, got ") +
          std::to_string(got));
  skip();
  return fit::wrong;
}

fit decoder::invalid_text() {
  problem("Expected str, got invalid UTF-8");
  return fit::wrong;
}

void decoder::push_wrapped(std::string_view what, value place, std::size_t mark) {
  value p = value::map({});
  p.set(what, std::move(place));
  p.set("errors", take_from(mark));
  push(std::move(p));
}

void decoder::wrap_index(std::size_t mark, std::size_t index) { push_wrapped("index", index, mark); }

void decoder::wrap_key(std::size_t mark, bytes_view key) { push_wrapped("key", decoded(key), mark); }

void decoder::wrap_field(std::size_t mark, std::string_view name) {
  value field = value::map({});
  field.set(name, take_from(mark));
  push(std::move(field));
}

void decoder::missing_field(std::string_view name) {
  const std::size_t at = mark();
  problem("Missing required field");
  if (mark() != at) wrap_field(at, name);
}

void decoder::unknown_field(std::string_view name) {
  const std::size_t at = mark();
  problem("Unknown field");
  if (mark() != at) wrap_field(at, name.empty() || !valid_utf8(name) ? "*" : name);
}

void decoder::further_items(std::size_t expected, std::size_t further) {
  const std::size_t at = mark();
  problem("Expected at most " + std::to_string(expected) + (expected == 1 ? " item, got " : " items, got ") +
          std::to_string(expected + further));
  if (mark() != at) wrap_field(at, "*");
}

void decoder::merge_fields(std::size_t mark) {
  auto& merged = *(*problems_)[mark].get_if<value_map>();
  for (std::size_t i = mark + 1; i < marks_; ++i) {
    auto& field = (*problems_)[i].get_if<value_map>()->front();
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const auto& f) { return f.first == field.first; });
    if (same == merged.end()) {
      merged.push_back(std::move(field));
    } else {
      auto& from = *field.second.get_if<value_array>();
      auto& to = *same->second.get_if<value_array>();
      std::move(from.begin(), from.end(), std::back_inserter(to));
    }
  }
  drop(mark + 1, [](const value&) { return true; });
}

void decoder::drop_field(std::size_t mark, std::string_view name) {
  drop(mark, [&](const value& p) { return p.find(name) != nullptr; });
}

void decoder::drop_key(std::size_t mark, bytes_view key) {
  if (!spend(marks_ - mark + key.size())) return;
  const value k = decoded(key);
  drop(mark, [&](const value& p) { return *p.find("key") == k; });
}

} // namespace swill::detail
