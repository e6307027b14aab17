#include "libswill/api/types/scalars.hpp"

#include "libswill/base/utf8.hpp"
#include "libswill/wire/codec.hpp"

namespace swill::detail {

fit read_as_real(decoder& in, double& out) {
  std::int64_t i = 0;
  std::uint64_t u = 0;
  if (in.reader.read_int(i)) {
    out = static_cast<double>(i);
  } else if (in.reader.read_uint(u)) {
    out = static_cast<double>(u);
  } else {
    return in.wrong("float");
  }
  return fit::whole;
}

fit codec<std::string>::decode(decoder& in, std::string& out) {
  std::string_view s;
  if (!in.reader.read_str(s)) return in.wrong("str");
  if (!valid_utf8(s)) return in.invalid_text();
  out.assign(s);
  return fit::whole;
}

fit codec<bytes>::decode(decoder& in, bytes& out) {
  bytes_view b;
  if (!in.reader.read_bin(b)) return in.wrong("bytes");
  out.assign(b.begin(), b.end());
  return fit::whole;
}

void codec<value>::encode(encoder& out, const value& v) { wire::write_value(out.to, v); }

fit codec<raw>::decode(decoder& in, raw& out) {
  bytes_view b;
  if (!in.read_undecoded(b)) return fit::wrong;
  out.data.assign(b.begin(), b.end());
  return fit::whole;
}

void codec<raw>::encode(encoder& out, const raw& r) {
  wire::reader check{r.data};
  if (!check.skip(wire::reader::deepest) || !check.at_end())
    throw encode_error{"raw holds no single MessagePack value"};
  out.to.raw(r.data);
}

fit decode_time(decoder& in, instant& out) {
  if (in.reader.read_timestamp(out.seconds, out.nanoseconds)) return fit::whole;
  std::string_view s;
  if (!in.reader.read_str(s)) return in.wrong("datetime");
  if (const auto t = parse_time(s)) {
    out = *t;
    return fit::whole;
  }
  in.problem("Expected datetime, got a str that is no RFC 3339 time");
  return fit::wrong;
}

fit time_out_of_range(decoder& in) {
  in.problem("Expected datetime, got one out of range");
  return fit::wrong;
}

const enum_entry* decode_enum(decoder& in, const enum_table& table) {
  if (table.by_number) {
    std::int64_t i = 0;
    std::uint64_t u = 0;
    if (table.is_unsigned && in.reader.read_uint(u)) {
      i = static_cast<std::int64_t>(u);
    } else if (table.is_unsigned || !in.reader.read_int(i)) {
      in.wrong(table.text());
      return nullptr;
    }
    for (const enum_entry& e : table.entries) {
      if (e.number == i) return &e;
    }
    const bool huge = table.is_unsigned && i < 0;
    in.problem("Expected " + table.text() + ", got " + (huge ? std::to_string(u) : std::to_string(i)));
    return nullptr;
  }
  std::string_view s;
  if (!in.reader.read_str(s)) {
    in.wrong(table.text());
    return nullptr;
  }
  for (const enum_entry& e : table.entries) {
    if (e.name == s) return &e;
  }
  in.problem("Expected " + table.text() + ", got another str");
  return nullptr;
}

void encode_enum(encoder& out, const enum_table& table, std::int64_t number) {
  for (const enum_entry& e : table.entries) {
    if (e.number != number) continue;
    if (!table.by_number) return out.to.text(e.name);
    return table.is_unsigned ? out.to.unsigned_integer(static_cast<std::uint64_t>(number)) : out.to.integer(number);
  }
  throw encode_error{"enumeration " + table.name + " has no value " + std::to_string(number)};
}

} // namespace swill::detail
