#include "libswill/wire/reader.hpp"

#include "libswill/wire/endian.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace swill::wire {

namespace {

using detail::load;

/// What follows a first byte: nothing but a fixed number of bytes; bytes whose number is given in 1, 2 or 4 bytes; values.
enum class form : std::uint8_t {
  fixed,
  counted8,
  counted16,
  counted32,
  fix_array,
  fix_map,
  array16,
  array32,
  map16,
  map32,
  reserved
};

struct format {
  form follows;
  std::uint8_t size; ///< of the fixed part, the first byte included
};

constexpr format format_of(unsigned b) {
  if (b <= 0x7f || b >= 0xe0) return {form::fixed, 1};
  if (b <= 0x8f) return {form::fix_map, 1};
  if (b <= 0x9f) return {form::fix_array, 1};
  if (b <= 0xbf) return {form::fixed, static_cast<std::uint8_t>(1 + (b & 0x1f))};
  constexpr format rest[] = {
      {form::fixed, 1},    {form::reserved, 1},  {form::fixed, 1},     {form::fixed, 1},  // c0 nil, -, false, true
      {form::counted8, 2}, {form::counted16, 3}, {form::counted32, 5},                    // c4 bin
      {form::counted8, 3}, {form::counted16, 4}, {form::counted32, 6},                    // c7 ext
      {form::fixed, 5},    {form::fixed, 9},                                              // ca float
      {form::fixed, 2},    {form::fixed, 3},     {form::fixed, 5},     {form::fixed, 9},  // cc uint
      {form::fixed, 2},    {form::fixed, 3},     {form::fixed, 5},     {form::fixed, 9},  // d0 int
      {form::fixed, 3},    {form::fixed, 4},     {form::fixed, 6},     {form::fixed, 10}, // d4 fixext
      {form::fixed, 18},                                                                  // d8
      {form::counted8, 2}, {form::counted16, 3}, {form::counted32, 5},                    // d9 str
      {form::array16, 3},  {form::array32, 5},   {form::map16, 3},     {form::map32, 5},  // dc
  };
  return rest[b - 0xc0];
}

constexpr auto formats = [] {
  std::array<format, 256> table{};
  for (unsigned b = 0; b < 256; ++b) table[b] = format_of(b);
  return table;
}();

/// 1 for a first byte that is the whole value, 2 when that is an empty array or map, which counts as nesting; else 0.
constexpr auto lone_byte = [] {
  std::array<unsigned char, 256> table{};
  for (unsigned b = 0; b < 256; ++b)
    table[b] = formats[b].follows == form::fixed && formats[b].size == 1 ? 1 : b == 0x80 || b == 0x90 ? 2 : 0;
  return table;
}();

/// The values (of arrays), twice the pairs (of maps), that a container declares at p; its fixed part is there.
std::size_t declared_values(const unsigned char* p, form s) noexcept {
  switch (s) {
    case form::fix_array: return *p & 0x0fU;
    case form::fix_map: return 2 * (*p & 0x0fU);
    case form::array16: return load<std::uint16_t>(p + 1);
    case form::map16: return 2 * std::size_t{load<std::uint16_t>(p + 1)};
    case form::array32: return load<std::uint32_t>(p + 1);
    default: return 2 * std::size_t{load<std::uint32_t>(p + 1)};
  }
}

/// The bytes after the fixed part; which is there.
std::size_t declared_bytes(const unsigned char* p, form s) noexcept {
  switch (s) {
    case form::counted8: return p[1];
    case form::counted16: return load<std::uint16_t>(p + 1);
    case form::counted32: return load<std::uint32_t>(p + 1);
    default: return 0;
  }
}

} // namespace

scan_status reader::scan(std::size_t nesting_limit, std::size_t& values_seen) noexcept {
  const std::size_t limit = std::min(nesting_limit, deepest);
  std::size_t open[deepest]; // values still to come in each container around the current one
  std::size_t depth = 0;
  std::size_t left = 1;
  std::size_t seen = 1;
  const unsigned char* p = at_;
  for (;;) {
    while (left == 0) {
      if (depth == 0) {
        at_ = p;
        values_seen = seen;
        return scan_status::ok;
      }
      left = open[--depth];
    }
    // Large messages are long runs of these.
    for (const unsigned char most = depth < limit ? 2 : 1; left != 0 && p != end_ && lone_byte[*p] - 1U < most; ++p)
      --left;
    if (left == 0) continue;
    if (p == end_) return scan_status::malformed;
    const format f = formats[*p];
    const auto there = static_cast<std::size_t>(end_ - p);
    if (there < f.size || f.follows == form::reserved) return scan_status::malformed;
    --left;
    if (f.follows < form::fix_array) {
      const std::size_t more = declared_bytes(p, f.follows);
      if (there - f.size < more) return scan_status::malformed;
      p += f.size + more;
    } else {
      const std::size_t values = declared_values(p, f.follows);
      if (there - f.size < values) return scan_status::malformed;
      if (depth == limit) return scan_status::too_deep;
      p += f.size;
      seen += values;
      open[depth++] = left;
      left = values;
    }
  }
}

bool reader::skip_any_depth(std::size_t values) noexcept {
  // How containers nest does not matter, only how many values are still to come. Each takes a byte at least, which bounds the sum.
  const unsigned char* p = at_;
  for (std::size_t left = values; left != 0; --left) {
    const auto there = static_cast<std::size_t>(end_ - p);
    if (there < left) return false;
    const format f = formats[*p];
    if (there < f.size || f.follows == form::reserved) return false;
    if (f.follows < form::fix_array) {
      const std::size_t more = declared_bytes(p, f.follows);
      if (there - f.size < more) return false;
      p += more;
    } else {
      left += declared_values(p, f.follows);
    }
    p += f.size;
  }
  at_ = p;
  return true;
}

bool reader::read_raw(bytes_view& whole_value, std::size_t nesting_limit) noexcept {
  const unsigned char* from = at_;
  if (!skip(nesting_limit)) return false;
  whole_value = {reinterpret_cast<const std::byte*>(from), static_cast<std::size_t>(at_ - from)};
  return true;
}

/// The integer of that type after a first byte.
template <class Wire, class T>
bool reader::take_number(T& out) noexcept {
  if (remaining() < 1 + sizeof(Wire)) return false;
  out = static_cast<T>(static_cast<Wire>(load<std::make_unsigned_t<Wire>>(at_ + 1)));
  at_ += 1 + sizeof(Wire);
  return true;
}

bool reader::read_wide_int(std::int64_t& out) noexcept {
  if (at_ == end_) return false;
  switch (*at_) {
    case 0xcc: return take_number<std::uint8_t>(out);
    case 0xcd: return take_number<std::uint16_t>(out);
    case 0xce: return take_number<std::uint32_t>(out);
    case 0xcf: {
      constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      return remaining() >= 9 && load<std::uint64_t>(at_ + 1) <= most && take_number<std::uint64_t>(out);
    }
    case 0xd0: return take_number<std::int8_t>(out);
    case 0xd1: return take_number<std::int16_t>(out);
    case 0xd2: return take_number<std::int32_t>(out);
    case 0xd3: return take_number<std::int64_t>(out);
    default: return false;
  }
}

bool reader::read_wide_uint(std::uint64_t& out) noexcept {
  if (at_ == end_) return false;
  switch (*at_) {
    case 0xcc: return take_number<std::uint8_t>(out);
    case 0xcd: return take_number<std::uint16_t>(out);
    case 0xce: return take_number<std::uint32_t>(out);
    case 0xcf: return take_number<std::uint64_t>(out);
    default: break;
  }
  const unsigned char* before = at_;
  std::int64_t i = 0;
  if (!read_wide_int(i)) return false;
  if (i < 0) {
    at_ = before;
    return false;
  }
  out = static_cast<std::uint64_t>(i);
  return true;
}

bool reader::read_real(double& out) noexcept {
  if (float f = 0; read_real32(f)) {
    out = f;
    return true;
  }
  if (remaining() < 9 || *at_ != 0xcb) return false;
  out = std::bit_cast<double>(load<std::uint64_t>(at_ + 1));
  at_ += 9;
  return true;
}

bool reader::read_real32(float& out) noexcept {
  if (remaining() < 5 || *at_ != 0xca) return false;
  out = std::bit_cast<float>(load<std::uint32_t>(at_ + 1));
  at_ += 5;
  return true;
}

/// The bytes after a length of 1, 2 or 4 bytes: formats first_format, +1 and +2.
bool reader::take_block(unsigned first_format, bytes_view& out) noexcept {
  if (at_ == end_ || *at_ - first_format > 2U) return false;
  const format f = formats[*at_];
  if (remaining() < f.size) return false;
  const std::size_t n = declared_bytes(at_, f.follows);
  if (remaining() - f.size < n) return false;
  out = {reinterpret_cast<const std::byte*>(at_ + f.size), n};
  at_ += f.size + n;
  return true;
}

bool reader::read_long_str(std::string_view& out) noexcept {
  bytes_view b;
  if (!take_block(0xd9, b)) return false;
  out = as_text(b);
  return true;
}

bool reader::read_bin(bytes_view& out) noexcept { return take_block(0xc4, out); }

bool reader::read_ext(std::int8_t& type, bytes_view& data) noexcept {
  if (at_ != end_ && *at_ >= 0xd4 && *at_ <= 0xd8) {
    const std::size_t n = formats[*at_].size;
    if (remaining() < n) return false;
    type = static_cast<std::int8_t>(at_[1]);
    data = {reinterpret_cast<const std::byte*>(at_ + 2), n - 2};
    at_ += n;
    return true;
  }
  bytes_view b;
  if (!take_block(0xc7, b)) return false;
  type = std::to_integer<std::int8_t>(b.data()[-1]); // stands between length and data
  data = b;
  return true;
}

bool reader::read_timestamp(std::int64_t& seconds, std::uint32_t& nanoseconds) noexcept {
  const reader before = *this;
  std::int8_t type = 0;
  bytes_view b;
  if (!read_ext(type, b)) return false;
  std::int64_t s = 0;
  std::uint32_t ns = 0;
  bool known = type == -1;
  if (b.size() == 4) {
    s = load<std::uint32_t>(b.data());
  } else if (b.size() == 8) {
    const auto u = load<std::uint64_t>(b.data());
    s = static_cast<std::int64_t>(u & ((std::uint64_t{1} << 34) - 1));
    ns = static_cast<std::uint32_t>(u >> 34);
  } else if (b.size() == 12) {
    ns = load<std::uint32_t>(b.data());
    s = static_cast<std::int64_t>(load<std::uint64_t>(b.data() + 4));
  } else {
    known = false;
  }
  if (!known || ns >= 1'000'000'000) {
    *this = before;
    return false;
  }
  seconds = s;
  nanoseconds = ns;
  return true;
}

/// A count in 2 or 4 bytes, formats first_format and +1, of things that take values_each values.
bool reader::take_count(unsigned first_format, unsigned values_each, std::uint32_t& n) noexcept {
  if (at_ == end_ || *at_ - first_format > 1U) return false;
  const std::size_t size = formats[*at_].size;
  if (remaining() < size) return false;
  const std::uint32_t count = size == 3 ? load<std::uint16_t>(at_ + 1) : load<std::uint32_t>(at_ + 1);
  if ((remaining() - size) / values_each < count) return false;
  n = count;
  at_ += size;
  return true;
}

bool reader::read_long_array(std::uint32_t& n) noexcept { return take_count(0xdc, 1, n); }
bool reader::read_long_map(std::uint32_t& n) noexcept { return take_count(0xde, 2, n); }

} // namespace swill::wire
