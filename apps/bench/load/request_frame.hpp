#pragma once

#include "libswill/wire/envelope.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace swill::bench {

/// What a prepared request carries as its data: two integers of 16 bits, one of 32, the integers from 0 to before list_items, or nil.
enum class payload { pair, integer, list, nothing };

inline constexpr std::uint16_t list_items = 1000;

/// One masked WebSocket frame holding one request envelope, encoded once. Only numbers of fixed width change
/// afterwards, so that a request costs the generator a copy of some thirty bytes. The mask key is zero: the
/// server unmasks as it would any other.
class request_frame {
public:
  request_frame(std::string_view rpc, payload kind, wire::request_type type = wire::request_type::message);
  /// Data that is encoded already; the frame must stay below 64 KiB.
  request_frame(std::string_view rpc, bytes_view data, wire::request_type type = wire::request_type::message);

  void set_seq(std::uint32_t seq) noexcept { put32(data_at_ - 4, seq); }
  void set_integer(std::uint32_t value) noexcept { put32(data_at_ + 1, value); }
  void set_pair(std::uint16_t a, std::uint16_t b) noexcept {
    put16(data_at_ + 2, a);
    put16(data_at_ + 5, b);
  }

  std::string_view bytes() const noexcept { return bytes_; }

private:
  void put16(std::size_t at, std::uint16_t value) noexcept;
  void put32(std::size_t at, std::uint32_t value) noexcept;

  std::string bytes_;
  std::size_t data_at_ = 0; // right after the seq
};

} // namespace swill::bench
