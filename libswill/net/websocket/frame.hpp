#pragma once

#include "libswill/base/buffer.hpp"

#include <cstdint>
#include <string_view>

// Frames of RFC 6455 §5.2: their header as it is read, and whole frames as they are written.

namespace swill::net::websocket {

/// Which end of a connection this is: a client masks its frames, a server does not (RFC 6455 §5.1).
enum class role : std::uint8_t { server, client };

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// What a frame begins with.
struct frame_header {
  std::size_t size = 0; ///< bytes of the header; 0: not all of it is there
  std::uint64_t payload = 0;
  std::uint8_t first = 0; ///< FIN, the reserved bits, the opcode
  bool masked = false;

  bool fin() const noexcept { return (first & 0x80U) != 0; }
  unsigned op() const noexcept { return first & 0x0fU; }
  bool is_control() const noexcept { return (first & 0x08U) != 0; }
};

inline frame_header read_header(bytes_view input) noexcept {
  if (input.size() < 2) return {};
  const auto at = [input](std::size_t i) { return std::to_integer<std::uint64_t>(input[i]); };
  const bool masked = (at(1) & 0x80U) != 0;
  const std::uint64_t length = at(1) & 0x7fU;
  const std::size_t extra = length < 126 ? 0 : length == 126 ? 2 : 8;
  const std::size_t size = 2 + extra + (masked ? 4 : 0);
  if (input.size() < size) return {};
  if (extra == 0) [[likely]]
    return {size, length, static_cast<std::uint8_t>(at(0)), masked};
  std::uint64_t payload = 0;
  for (std::size_t i = 0; i < extra; ++i) payload = payload << 8U | at(2 + i);
  return {size, payload, static_cast<std::uint8_t>(at(0)), masked};
}

/// Copies n bytes and takes off, or puts on, their mask; returns the mask of the byte after them. `mask` is as it stands in the frame.
std::uint32_t copy_masked(std::byte* to, const std::byte* from, std::size_t n, std::uint32_t mask) noexcept;

namespace detail {
inline constexpr std::size_t key_size = 4;
void end_long_frame(buffer& out, std::size_t at, opcode op, role r);
} // namespace detail

/// A frame is begun with room for the shortest header; end_frame() makes more where the payload, everything after it, needs it.
inline std::size_t begin_frame(buffer& out, role r = role::server) {
  const std::size_t at = out.size();
  const std::size_t header = 2 + (r == role::client ? detail::key_size : 0);
  out.reserve(header);
  out.commit(header);
  return at;
}

/// A client's key is one that nobody can foresee (RFC 6455 §10.3).
inline void end_frame(buffer& out, std::size_t at, opcode op, role r = role::server) {
  const std::size_t length = out.size() - at - 2;
  if (r == role::client || length >= 126) [[unlikely]]
    return detail::end_long_frame(out, at, op, r);
  out.data()[at] = static_cast<std::byte>(0x80U | static_cast<std::uint8_t>(op));
  out.data()[at + 1] = static_cast<std::byte>(length);
}

void append_frame(buffer& out, opcode op, bytes_view payload, role r = role::server);

/// `reason` is cut between characters where it is too long for a control frame.
void append_close(buffer& out, int code, std::string_view reason, role r = role::server);

} // namespace swill::net::websocket
