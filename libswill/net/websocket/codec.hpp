#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/base/close_reason.hpp"
#include "libswill/base/frame_memory.hpp"
#include "libswill/net/websocket/frame.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace swill::net::websocket {

/// What a codec reads from and writes to, and what it notes beside the messages.
struct codec_buffers {
  role end = role::server;
  bool muted = false; ///< nothing is written any more
  bytes_view input;
  buffer* output = nullptr;
  std::size_t sent = 0;    ///< of the output
  std::uint64_t first = 0; ///< how many bytes came before the output's first
  /// Where the last pong is, counted from the beginning of all output; the end 0: there is none.
  std::uint64_t pong_begin = 0;
  std::uint64_t pong_end = 0;
  std::uint32_t pongs = 0; ///< that came with a payload
};

enum class read_status {
  more,    ///< some payload, the message goes on
  done,    ///< the message is complete
  starved, ///< more input is needed
  closed,  ///< the peer has closed, or broken the protocol: see why(); the close frame is in the output
};

namespace detail {
class beast_reader;
}

/// One connection's WebSocket protocol at either end, from the upgrade on, without I/O: bytes in, message payloads out, and what the protocol
/// itself answers (pong, close).
///
/// A frame goes one of two ways. Nearly all are whole messages: final, binary, masked as they must be, within the limit. These are
/// unmasked while they are copied to where the message is wanted. So are close frames of a normal end without a reason, since nearly every
/// connection ends with one. All else, from the first byte of its frame until its message is complete, is Beast's, which is the authority on RFC
/// 6455: fragments, text, other control frames, and what breaks the protocol. Beast's stream exists only then, so a connection at rest does not
/// pay for it. Why: docs/decisions/0100.
class codec : public swill::detail::in_frame_memory {
public:
  codec(role end, std::size_t message_limit);
  ~codec();
  codec& operator=(codec&&) = delete;

  /// What read() takes from and writes to, until the next feed(). The first `sent` bytes of the output are on their way, and `first` came
  /// before them; pongs that are not may be replaced by later ones (RFC 6455 §5.5.3).
  void feed(bytes_view input, buffer& output, std::size_t sent, std::uint64_t first) noexcept;
  std::size_t left() const noexcept { return buffers_.input.size(); }

  /// Whether read() would get anywhere.
  bool ready() noexcept;

  /// Payload of the current message to `to`; `room` > 0, `got` is how much.
  read_status read(std::byte* to, std::size_t room, std::size_t& got);

  /// After ready(): the next message as a whole, in one step, where that is possible. False, and nothing read, where it is not: it goes by
  /// read().
  bool read_whole(std::byte* to, std::size_t room, std::size_t& got) noexcept;

  /// After ready(): payload that is still to come of the common frame that goes on or begins here, or 0.
  std::uint64_t frame_left() const noexcept { return in_frame_ ? frame_left_ : begins_common() ? next_.payload : 0; }

  /// Part of a message has come, if only of its first frame's header, and not all of it.
  bool in_message() const noexcept;

  /// Of the current message.
  bool is_text() const noexcept { return text_; }

  const close_reason& why() const noexcept { return why_; }

  /// How many pongs with a payload have come since this was last asked.
  std::uint32_t take_pongs() noexcept { return std::exchange(buffers_.pongs, 0U); }

  /// Nothing is written any more: our own close frame is out.
  void mute() noexcept { buffers_.muted = true; }

private:
  bool is_common(const frame_header& h) const noexcept;
  void look_ahead() noexcept;
  bool begins_common() const noexcept { return next_.size != 0 && common_; }
  read_status read_common(std::byte* to, std::size_t room, std::size_t& got) noexcept;
  read_status read_other(std::byte* to, std::size_t room, std::size_t& got);
  bool read_plain_close();

  codec_buffers buffers_;
  std::size_t limit_;
  std::uint64_t frame_left_ = 0; // of the common frame that is being read
  std::uint32_t mask_ = 0;       // of its next byte
  bool in_frame_ = false;        // a common one
  bool common_ = false;          // next_ begins one
  frame_header next_; // of the frame that the input begins with; its size is 0: not looked at, or not all there
  bool text_ = false;
  std::unique_ptr<detail::beast_reader> other_;
  close_reason why_;
};

} // namespace swill::net::websocket
