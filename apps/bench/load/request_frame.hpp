#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace swill::bench {

/// What a prepared request carries as its data.
enum class payload { pair, integer, list, end_of_stream };

/// payload::list is the integers from 0 to before this.
inline constexpr std::uint16_t list_items = 1000;

/// One masked WebSocket frame holding one request envelope, encoded once. Only numbers of fixed width change
/// afterwards, so that a request costs the generator a copy of some thirty bytes. The mask key is zero: the
/// server unmasks as it would any other.
class request_frame {
public:
  request_frame(std::string_view rpc, payload kind);
  /// Data that is encoded already; the frame must stay below 64 KiB.
  request_frame(std::string_view rpc, std::string_view encoded_data);

  void set_seq(std::uint32_t seq) noexcept { put32(seq_at_, seq); }
  void set_integer(std::uint32_t value) noexcept { put32(data_at_, value); }
  void set_pair(std::uint16_t a, std::uint16_t b) noexcept;

  std::string_view bytes() const noexcept { return bytes_; }

private:
  void begin(bool is_long, char array);
  void end(bool is_long);
  void append_list();
  void put16(std::size_t at, std::uint16_t value) noexcept;
  void put32(std::size_t at, std::uint32_t value) noexcept;

  std::string bytes_;
  std::size_t seq_at_ = 0;
  std::size_t data_at_ = 0;
};

} // namespace swill::bench
