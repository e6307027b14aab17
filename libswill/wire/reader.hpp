#pragma once

#include "libswill/base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace swill::wire {

/// What the next value is, seen from its first byte. `end`: no byte is left, or it is c1, which MessagePack reserves.
enum class kind : std::uint8_t { nil, boolean, integer, real, str, bin, array, map, ext, end };

/// How `reader::scan` ended.
enum class scan_status : std::uint8_t { ok, malformed, too_deep };

namespace detail {
constexpr kind kind_of(unsigned b) {
  if (b <= 0x7f || b >= 0xe0 || (b >= 0xcc && b <= 0xd3)) return kind::integer;
  if (b <= 0x8f || b == 0xde || b == 0xdf) return kind::map;
  if (b <= 0x9f || b == 0xdc || b == 0xdd) return kind::array;
  if (b <= 0xbf || (b >= 0xd9 && b <= 0xdb)) return kind::str;
  if (b == 0xc0) return kind::nil;
  if (b == 0xc2 || b == 0xc3) return kind::boolean;
  if (b >= 0xc4 && b <= 0xc6) return kind::bin;
  if (b == 0xca || b == 0xcb) return kind::real;
  return b == 0xc1 ? kind::end : kind::ext;
}
inline constexpr auto kinds = [] {
  std::array<kind, 256> table{};
  for (unsigned b = 0; b < 256; ++b) table[b] = kind_of(b);
  return table;
}();
} // namespace detail

/// A pull reader of MessagePack over borrowed bytes, which must outlive it and the views it gives out. It never reads past the end,
/// never allocates and never recurses. Every read_* returns false and consumes nothing when the next value is of another kind, out
/// of range or cut off. Values copy: a copy is a bookmark. Why not msgpack-cxx: docs/decisions/0010-reading-messagepack.md.
class reader {
public:
  /// The most that any nesting limit can allow; larger ones count as this.
  static constexpr std::size_t deepest = 256;

  explicit reader(bytes_view b) noexcept : begin_(as_octets(b)), at_(begin_), end_(begin_ + b.size()) {}

  kind peek() const noexcept { return at_ == end_ ? kind::end : detail::kinds[*at_]; }
  bool at_end() const noexcept { return at_ == end_; }
  std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  bytes_view rest() const noexcept { return {reinterpret_cast<const std::byte*>(at_), remaining()}; }

  bool read_nil() noexcept {
    if (at_ == end_ || *at_ != 0xc0) return false;
    ++at_;
    return true;
  }
  bool read_bool(bool& out) noexcept {
    if (at_ == end_ || (*at_ & 0xfe) != 0xc2) return false;
    out = *at_++ == 0xc3;
    return true;
  }

  /// Any integer format, also longer than need be, whose value fits.
  bool read_int(std::int64_t& out) noexcept {
    if (at_ != end_ && (*at_ <= 0x7f || *at_ >= 0xe0)) {
      out = static_cast<std::int8_t>(*at_++);
      return true;
    }
    return read_wide_int(out);
  }
  /// Any integer format, signed ones too, with a value >= 0.
  bool read_uint(std::uint64_t& out) noexcept {
    if (at_ != end_ && *at_ <= 0x7f) {
      out = *at_++;
      return true;
    }
    return read_wide_uint(out);
  }

  /// float32 or float64. Whether an integer will do is for the caller to say.
  bool read_real(double& out) noexcept;
  /// float32 only.
  bool read_real32(float& out) noexcept;

  /// Not checked for UTF-8: see utf8.hpp.
  bool read_str(std::string_view& out) noexcept {
    if (at_ != end_ && (*at_ & 0xe0) == 0xa0) {
      const std::size_t n = *at_ & 0x1f;
      if (remaining() <= n) return false;
      out = {reinterpret_cast<const char*>(at_ + 1), n};
      at_ += 1 + n;
      return true;
    }
    return read_long_str(out);
  }
  bool read_bin(bytes_view& out) noexcept;

  /// The header of an array or map; n values, or n pairs of values, follow. Refused when the bytes left cannot hold them.
  bool read_array(std::uint32_t& n) noexcept {
    if (at_ != end_ && (*at_ & 0xf0) == 0x90) {
      const std::uint32_t count = *at_ & 0x0f;
      if (remaining() <= count) return false;
      n = count;
      ++at_;
      return true;
    }
    return read_long_array(n);
  }
  bool read_map(std::uint32_t& n) noexcept {
    if (at_ != end_ && (*at_ & 0xf0) == 0x80) {
      const std::uint32_t count = *at_ & 0x0f;
      if (remaining() <= std::size_t{2} * count) return false;
      n = count;
      ++at_;
      return true;
    }
    return read_long_map(n);
  }

  bool read_ext(std::int8_t& type, bytes_view& data) noexcept;
  /// Extension -1 in one of its three lengths; seconds since 1970 (UTC), nanoseconds below 10^9.
  bool read_timestamp(std::int64_t& seconds, std::uint32_t& nanoseconds) noexcept;

  /// Passes one whole value, checking that it is well-formed, with at most `nesting_limit` arrays and maps within each other (a scalar
  /// needs 0, [] needs 1). Consumes nothing unless `ok`; `too_deep` says nothing about the bytes after the place
  /// where that was seen: `skip_any_depth` does.
  scan_status scan(std::size_t nesting_limit) noexcept {
    std::size_t values = 0;
    return scan(nesting_limit, values);
  }
  /// The same; `values` is how many values that one is made of when `ok`: itself, and at every depth the items, keys and values in it.
  scan_status scan(std::size_t nesting_limit, std::size_t& values) noexcept;
  bool skip(std::size_t nesting_limit) noexcept { return scan(nesting_limit) == scan_status::ok; }
  /// Passes that many whole values, however deep they nest; false, and nothing consumed, unless all are well-formed.
  bool skip_any_depth(std::size_t values) noexcept;
  /// `skip`, and gives the bytes passed.
  bool read_raw(bytes_view& whole_value, std::size_t nesting_limit) noexcept;

private:
  static const unsigned char* as_octets(bytes_view b) noexcept {
    return reinterpret_cast<const unsigned char*>(b.data());
  }

  template <class Wire, class T>
  bool take_number(T& out) noexcept;
  bool read_wide_int(std::int64_t& out) noexcept;
  bool read_wide_uint(std::uint64_t& out) noexcept;
  bool read_long_str(std::string_view& out) noexcept;
  bool read_long_array(std::uint32_t& n) noexcept;
  bool read_long_map(std::uint32_t& n) noexcept;
  bool take_block(unsigned first_format, bytes_view& out) noexcept;
  bool take_count(unsigned first_format, unsigned values_each, std::uint32_t& n) noexcept;

  const unsigned char* begin_;
  const unsigned char* at_;
  const unsigned char* end_;
};

} // namespace swill::wire
