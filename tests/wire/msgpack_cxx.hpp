#pragma once

#include "libswill/base/value.hpp"
#include "libswill/wire/endian.hpp"
#include "tests/wire/hex.hpp"

#include <bit>
#include <msgpack.hpp>
#include <optional>
#include <string>
#include <variant>

namespace swill::wire {

/// What msgpack-cxx, an independent implementation, says of the first value in b: its length, or nothing when it is malformed.
inline std::optional<std::size_t> length_by_msgpack_cxx(bytes_view b) {
  msgpack::null_visitor nobody;
  std::size_t length = 0;
  if (b.empty() || !msgpack::parse(as_text(b).data(), b.size(), length, nobody)) return std::nullopt;
  return length;
}

/// v as msgpack::packer writes it. Reals are put together by hand: the packer turns 1.0 into the integer 1.
class msgpack_cxx_packer {
public:
  std::string pack(const value& v) && {
    write(v);
    return std::move(out_);
  }

  void write(const char* from, std::size_t n) { out_.append(from, n); } // what the packer calls

private:
  void write(const value& v) {
    std::visit([this](const auto& content) { put(content); }, v.variant());
  }

  void put(std::monostate) { packer_.pack_nil(); }
  void put(bool b) { b ? packer_.pack_true() : packer_.pack_false(); }
  void put(std::int64_t i) { packer_.pack_int64(i); }
  void put(std::uint64_t u) { packer_.pack_uint64(u); }
  void put(float f) { put_real(0xca, std::bit_cast<std::uint32_t>(f)); }
  void put(double d) { put_real(0xcb, std::bit_cast<std::uint64_t>(d)); }
  void put(const std::string& s) {
    packer_.pack_str(static_cast<std::uint32_t>(s.size()));
    packer_.pack_str_body(s.data(), static_cast<std::uint32_t>(s.size()));
  }
  void put(const bytes& b) {
    packer_.pack_bin(static_cast<std::uint32_t>(b.size()));
    out_ += as_text(b);
  }
  void put(const extension& e) {
    packer_.pack_ext(e.data.size(), e.type);
    out_ += as_text(e.data);
  }
  void put(const value_array& items) {
    packer_.pack_array(static_cast<std::uint32_t>(items.size()));
    for (const value& item : items) write(item);
  }
  void put(const value_map& entries) {
    packer_.pack_map(static_cast<std::uint32_t>(entries.size()));
    for (const auto& [key, item] : entries) {
      write(key);
      write(item);
    }
  }
  template <class U>
  void put_real(unsigned char format, U bits) {
    std::byte b[sizeof bits];
    detail::store(b, bits);
    out_ += static_cast<char>(format);
    out_ += as_text(b);
  }

  std::string out_;
  msgpack::packer<msgpack_cxx_packer> packer_{*this};
};

inline std::string packed_by_msgpack_cxx(const value& v) { return msgpack_cxx_packer{}.pack(v); }

} // namespace swill::wire
