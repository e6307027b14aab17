#pragma once

#include "libswill/base/buffer.hpp"

#include <array>
#include <cstdint>
#include <string_view>

// Frames of RFC 6455 §5.2 as a server writes them: whole, unmasked.

namespace swill::net::websocket {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// A frame is begun with room for the shortest header; end_frame() makes more where the payload, everything after it, needs it.
inline std::size_t begin_frame(buffer& out) {
  const std::size_t at = out.size();
  out.reserve(2);
  out.commit(2);
  return at;
}

inline void end_frame(buffer& out, std::size_t at, opcode op) {
  const std::uint64_t length = out.size() - at - 2;
  if (length < 126) [[likely]] {
    out.data()[at] = static_cast<std::byte>(0x80U | static_cast<std::uint8_t>(op));
    out.data()[at + 1] = static_cast<std::byte>(length);
    return;
  }
  std::array<std::uint8_t, 10> header{};
  const std::size_t extra = length < 65536 ? 2 : 8;
  header[0] = static_cast<std::uint8_t>(0x80U | static_cast<std::uint8_t>(op));
  header[1] = extra == 2 ? 126 : 127;
  for (std::size_t i = 0; i < extra; ++i) header[2 + i] = static_cast<std::uint8_t>(length >> (8 * (extra - 1 - i)));
  out.insert_gap(at + 2, extra);
  std::memcpy(out.data() + at, header.data(), 2 + extra);
}

inline void append_frame(buffer& out, opcode op, bytes_view payload) {
  const std::size_t at = begin_frame(out);
  out.append(payload);
  end_frame(out, at, op);
}

/// `reason` is cut between characters where it is too long for a control frame.
void append_close(buffer& out, int code, std::string_view reason);

} // namespace swill::net::websocket
