#include "sessions/record.hpp"

#include "libswill/wire/reader.hpp"
#include "libswill/wire/writer.hpp"

#include <charconv>

namespace swill {

namespace {

constexpr std::size_t digits = 16;

bool read_number(std::string_view s, std::uint64_t& out) noexcept {
  const auto [end, problem] = std::from_chars(s.data(), s.data() + s.size(), out, 16);
  return problem == std::errc{} && end == s.data() + s.size();
}

void append_number(buffer& out, std::uint64_t n) {
  const auto text = session_number(n);
  out.append(text.data(), text.size());
}

session_time time_of(std::int64_t ms) noexcept { return session_time{std::chrono::milliseconds{ms}}; }

} // namespace

session_record new_session(std::string id) {
  session_record r;
  r.id = std::move(id);
  return r;
}

std::array<char, 16> session_number(std::uint64_t n) noexcept {
  static constexpr char hex[] = "0123456789abcdef";
  std::array<char, 16> out;
  for (auto c = out.rbegin(); c != out.rend(); ++c, n >>= 4) *c = hex[n & 15];
  return out;
}

void encode_session(buffer& out, const session_record& r, const session_stamp& s) {
  append_number(out, s.version);
  append_number(out, static_cast<std::uint64_t>(s.seen.time_since_epoch().count()));
  wire::writer w{out};
  w.integer(s.created.time_since_epoch().count());
  w.str(r.user);
  w.str(r.previous);
  out.append(as_bytes(r.data));
}

std::optional<session_record> decode_session(std::string id, std::string_view encoded) {
  session_record r = new_session(std::move(id));
  std::uint64_t seen = 0;
  if (encoded.size() < 2 * digits || !read_number(encoded.substr(0, digits), r.version) ||
      !read_number(encoded.substr(digits, digits), seen))
    return std::nullopt;
  wire::reader in{as_bytes(encoded.substr(2 * digits))};
  std::int64_t created = 0;
  std::string_view user;
  std::string_view previous;
  if (!in.read_int(created) || !in.read_str(user) || !in.read_str(previous)) return std::nullopt;
  r.user = user;
  r.previous = previous;
  r.created = time_of(created);
  r.seen = time_of(static_cast<std::int64_t>(seen));
  r.data = as_text(in.rest());
  return r;
}

} // namespace swill
