#pragma once

#include "libswill/base/buffer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

// Frames of RFC 6455 §5.2 as a client reads and writes them.

namespace swill::client_detail {

struct frame {
  unsigned op = 0;
  bool fin = true;
  bytes_view payload;   ///< borrows the input
  std::size_t size = 0; ///< of the whole frame
};

enum class frame_status { more, whole, broken, too_large };

/// Reads the frame that `input` begins with. `limit` is for its payload; nothing is copied.
frame_status read_frame(bytes_view input, std::size_t limit, frame& out) noexcept;

/// Keys that nobody can foresee (RFC 6455 §10.3), from the kernel, many at a time.
class mask_source {
public:
  std::array<std::byte, 4> next();

private:
  std::array<std::byte, 4096> keys_;
  std::size_t used_ = sizeof keys_;
};

/// Begins a masked frame with room for the shortest header; end_masked() makes more where the payload, all that follows, needs it.
std::size_t begin_masked(buffer& out);
void end_masked(buffer& out, std::size_t at, unsigned op, std::array<std::byte, 4> key);

} // namespace swill::client_detail
