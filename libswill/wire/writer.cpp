#include "libswill/wire/writer.hpp"

#include "libswill/base/utf8.hpp"
#include "libswill/wire/endian.hpp"

#include <bit>
#include <limits>
#include <msgpack/pack.hpp>

namespace swill::wire {

namespace {

/// What msgpack::packer writes to.
struct sink {
  buffer& out;
  void write(const char* from, std::size_t n) { out.append(from, n); }
};

/// msgpack-cxx's packer on a buffer, for everything that is longer than the header of writer inlines.
class packer {
public:
  explicit packer(buffer& out) : sink_{out} {}
  msgpack::packer<sink>* operator->() { return &packer_; }

private:
  sink sink_;
  msgpack::packer<sink> packer_{sink_};
};

std::uint32_t checked_size(std::size_t n) {
  if (n > std::numeric_limits<std::uint32_t>::max()) throw encode_error{"more than 2^32-1 bytes or items in one value"};
  return static_cast<std::uint32_t>(n);
}

/// msgpack::packer would write 1.0 as the integer 1, which is another value on this wire (docs/protocol.md §4).
template <class U>
void put_real(buffer& out, std::byte format, U bits) {
  std::byte* to = out.reserve(1 + sizeof bits);
  *to = format;
  detail::store(to + 1, bits);
  out.commit(1 + sizeof bits);
}

} // namespace

void writer::real(double d) { put_real(*out_, std::byte{0xcb}, std::bit_cast<std::uint64_t>(d)); }
void writer::real32(float f) { put_real(*out_, std::byte{0xca}, std::bit_cast<std::uint32_t>(f)); }

void writer::wide_integer(std::int64_t i) {
  packer { *out_ } -> pack_int64(i);
}
void writer::wide_unsigned(std::uint64_t u) {
  packer { *out_ } -> pack_uint64(u);
}

void writer::long_str(std::string_view s) {
  const std::uint32_t n = checked_size(s.size());
  out_->reserve(5 + s.size());
  packer p{*out_};
  p->pack_str(n);
  p->pack_str_body(s.data(), n);
}

void writer::text(std::string_view s) {
  if (!valid_utf8(s)) throw encode_error{"text is not valid UTF-8"};
  str(s);
}

void writer::bin(bytes_view b) {
  packer { *out_ } -> pack_bin(checked_size(b.size()));
  out_->append(b);
}

void writer::long_array(std::size_t n) {
  packer { *out_ } -> pack_array(checked_size(n));
}
void writer::long_map(std::size_t n) {
  packer { *out_ } -> pack_map(checked_size(n));
}

void writer::ext(std::int8_t type, bytes_view data) {
  packer { *out_ } -> pack_ext(checked_size(data.size()), type);
  out_->append(data);
}

void writer::timestamp(std::int64_t seconds, std::uint32_t nanoseconds) {
  std::byte b[12];
  std::size_t n = 4;
  if (seconds < 0 || seconds >> 34 != 0) {
    n = 12;
    detail::store(b, nanoseconds);
    detail::store(b + 4, static_cast<std::uint64_t>(seconds));
  } else if (nanoseconds != 0 || seconds >> 32 != 0) {
    n = 8;
    detail::store(b, (std::uint64_t{nanoseconds} << 34) | static_cast<std::uint64_t>(seconds));
  } else {
    detail::store(b, static_cast<std::uint32_t>(seconds));
  }
  ext(-1, {b, n});
}

} // namespace swill::wire
