#pragma once

#include "libswill/base/buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace swill::wire {

/// Something has no form on the wire: text that is no UTF-8, or more than 2^32-1 bytes or items. A handler's result that throws it
/// is answered with ERROR 500 (docs/protocol.md §4).
class encode_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Appends MessagePack to a buffer, which must outlive it, in the shortest form of each value. What was begun by `array` or `map` is
/// for the caller to fill. Throws encode_error for sizes beyond MessagePack's, std::bad_alloc as the buffer does.
class writer {
public:
  explicit writer(buffer& out) noexcept : out_(&out) {}

  void nil() { put(0xc0); }
  void boolean(bool b) { put(b ? 0xc3 : 0xc2); }
  void integer(std::int64_t i) {
    if (i >= -32 && i <= 127) {
      put(static_cast<unsigned char>(i));
    } else if (i > 0xffff && i <= 0xffffffff) {
      put_uint32(static_cast<std::uint32_t>(i));
    } else {
      wide_integer(i);
    }
  }
  void unsigned_integer(std::uint64_t u) {
    if (u <= 127) {
      put(static_cast<unsigned char>(u));
    } else {
      wide_unsigned(u);
    }
  }
  void real(double d);  ///< always float64
  void real32(float f); ///< always float32

  /// The caller vouches for UTF-8.
  void str(std::string_view s) {
    if (s.size() > 31) return long_str(s);
    std::byte* to = out_->reserve(32);
    *to = static_cast<std::byte>(0xa0 | s.size());
    if (!s.empty()) std::memcpy(to + 1, s.data(), s.size());
    out_->commit(1 + s.size());
  }
  /// A str that is checked first: throws encode_error, having written nothing, when it is not UTF-8.
  void text(std::string_view s);
  void bin(bytes_view b);

  void array(std::size_t n) {
    if (n <= 15) {
      put(static_cast<unsigned char>(0x90 | n));
    } else {
      long_array(n);
    }
  }
  /// n pairs follow.
  void map(std::size_t n) {
    if (n <= 15) {
      put(static_cast<unsigned char>(0x80 | n));
    } else {
      long_map(n);
    }
  }

  void ext(std::int8_t type, bytes_view data);
  /// Extension -1 in 4, 8 or 12 bytes; nanoseconds below 10^9.
  void timestamp(std::int64_t seconds, std::uint32_t nanoseconds);

  /// One value, or several, that are encoded already.
  void raw(bytes_view encoded) { out_->append(encoded); }

  buffer& out() noexcept { return *out_; }

private:
  void put(unsigned char c) { out_->push_back(static_cast<std::byte>(c)); }
  void put_uint32(std::uint32_t u) {
    std::byte* to = out_->reserve(5);
    to[0] = std::byte{0xce};
    for (int i = 0; i < 4; ++i) to[1 + i] = static_cast<std::byte>(u >> (24 - 8 * i));
    out_->commit(5);
  }
  void wide_integer(std::int64_t i);
  void wide_unsigned(std::uint64_t u);
  void long_str(std::string_view s);
  void long_array(std::size_t n);
  void long_map(std::size_t n);

  buffer* out_;
};

} // namespace swill::wire
