#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/net/websocket/codec.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace swill::net::websocket::detail {

/// Thrown where Beast reads more than there is. Beast's synchronous streams take every error code for the end of the stream, but each
/// read stands where nothing has been changed yet: after this it can simply be called again.
struct starved {};

/// While more output than this waits, a pong takes the place of the one before it: only the latest ping needs an answer (RFC 6455 §5.5.3),
/// and pongs do not pile up for a peer that sends pings and reads nothing.
inline constexpr std::size_t pongs_kept = 4 * 1024;

/// What Beast's stream reads from and writes to: bytes that were received before, and the connection's output. Hands out no byte
/// beyond the frame that Beast is reading, so that what is left is always known.
class fed_layer {
public:
  using executor_type = boost::asio::io_context::executor_type;

  explicit fed_layer(boost::asio::io_context& io) : executor_(io.get_executor()) {}
  executor_type get_executor() const noexcept { return executor_; }

  /// Of the connection that Beast works for from now on; must live while Beast is called. `as_it_comes`: what is read are no frames.
  void work_for(codec_buffers& p, bool as_it_comes = false) noexcept {
    buffers_ = &p;
    as_it_comes_ = as_it_comes;
  }

  /// False when Beast would only starve, as far as one can tell cheaply.
  bool ready(std::uint64_t message_limit) const noexcept {
    if (frame_left_ != 0) return !buffers_->input.empty();
    return would_start(read_header(buffers_->input), buffers_->input.size(), message_limit);
  }
  /// The same at the beginning of a frame, of which that header and so much input is there.
  static bool would_start(const frame_header& h, std::size_t input, std::uint64_t message_limit) noexcept {
    // Of a continuation Beast knows whether its message becomes too long, payload or not.
    return may_start(h, input) && (h.payload == 0 || input > h.size || h.payload > message_limit || h.op() == 0);
  }

  /// A frame, or a message of several, has begun and is not complete.
  bool in_message() const noexcept { return frame_left_ != 0 || more_frames_; }

  /// Of the last frame that was a close with a payload; 0 before.
  std::uint16_t close_code() const noexcept { return close_code_; }
  const std::string& close_reason() const noexcept { return close_reason_; }

  /// Replaces the code of the close frame that Beast has just written.
  void rewrite_close(std::uint16_t code) noexcept {
    if (buffers_->muted) return;
    std::byte* at = buffers_->output->data() + buffers_->output->size() - 2; // with a client's mask before it
    const auto mask = [&](int i) { return buffers_->end == role::client ? at[i - 4] : std::byte{0}; };
    at[0] = static_cast<std::byte>(code >> 8U) ^ mask(0);
    at[1] = static_cast<std::byte>(code & 0xffU) ^ mask(1);
  }

  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& to, boost::system::error_code& ec) {
    ec = {};
    bytes_view& input = buffers_->input;
    if (frame_left_ == 0) begin_frame();
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, input.size()));
    const std::size_t copied = boost::asio::buffer_copy(to, boost::asio::const_buffer(input.data(), n));
    if (copied == 0) throw starved{};
    input = input.subspan(copied);
    frame_left_ -= copied;
    return copied;
  }

  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& from, boost::system::error_code& ec) {
    ec = {};
    std::size_t n = 0;
    buffer& output = *buffers_->output;
    const bool pong = !buffers_->muted && is_pong(*boost::asio::buffer_sequence_begin(from));
    if (pong) replace_pong();
    for (auto it = boost::asio::buffer_sequence_begin(from); it != boost::asio::buffer_sequence_end(from); ++it) {
      const boost::asio::const_buffer part{*it};
      if (!buffers_->muted) output.append(part.data(), part.size());
      n += part.size();
    }
    if (pong) {
      buffers_->pong_end = buffers_->first + output.size();
      buffers_->pong_begin = buffers_->pong_end - n;
    }
    return n;
  }

  // Beast asks for these too; it calls those above.
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& to) {
    boost::system::error_code ec;
    return read_some(to, ec);
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& from) {
    boost::system::error_code ec;
    return write_some(from, ec);
  }

private:
  void begin_frame() {
    if (as_it_comes_) {
      frame_left_ = buffers_->input.size();
      return;
    }
    const frame_header h = read_header(buffers_->input);
    if (!may_start(h, buffers_->input.size())) throw starved{};
    if (h.op() == static_cast<unsigned>(opcode::close)) note_close(h);
    if (h.op() == static_cast<unsigned>(opcode::pong) && h.payload != 0) ++buffers_->pongs;
    if (!h.is_control()) more_frames_ = !h.fin();
    frame_left_ = h.payload > UINT64_MAX - h.size ? UINT64_MAX : h.payload + h.size;
  }

  // Beast takes in the header of a control frame before it looks for the payload, and forgets that when it is starved in between: such a
  // frame must be whole. One that is too long to be valid never gets that far.
  static bool may_start(const frame_header& h, std::size_t input) noexcept {
    constexpr std::uint64_t longest_control = 125;
    return h.size != 0 && (!h.is_control() || h.payload > longest_control || input >= h.size + h.payload);
  }

  void note_close(const frame_header& h) {
    const std::byte* from = buffers_->input.data() + h.size;
    if (h.payload < 2 || h.payload > 125 || buffers_->input.size() < h.size + h.payload) return;
    std::uint32_t mask = 0;
    if (h.masked) std::memcpy(&mask, from - sizeof mask, sizeof mask);
    close_reason_.resize(static_cast<std::size_t>(h.payload));
    copy_masked(reinterpret_cast<std::byte*>(close_reason_.data()), from, close_reason_.size(), mask);
    close_code_ = static_cast<std::uint16_t>(static_cast<unsigned char>(close_reason_[0]) << 8U |
                                             static_cast<unsigned char>(close_reason_[1]));
    close_reason_.erase(0, 2);
  }

  // Beast writes each frame whole.
  static bool is_pong(const boost::asio::const_buffer& frame) noexcept {
    return frame.size() != 0 && *static_cast<const unsigned char*>(frame.data()) == 0x8a;
  }

  // Takes the last pong off the end of the output, where it still is and none of it has gone.
  void replace_pong() noexcept {
    buffer& output = *buffers_->output;
    const bool is_last = buffers_->pong_end == buffers_->first + output.size();
    if (output.size() - buffers_->sent > pongs_kept && is_last &&
        buffers_->pong_begin >= buffers_->first + buffers_->sent)
      output.truncate(static_cast<std::size_t>(buffers_->pong_begin - buffers_->first));
  }

  executor_type executor_;
  codec_buffers* buffers_ = nullptr;
  std::uint64_t frame_left_ = 0; // of the frame that Beast is reading
  bool more_frames_ = false;     // of the message whose frame came last
  bool as_it_comes_ = false;
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
};

// A connection ends TCP itself, after its output has gone.
inline void teardown(boost::beast::role_type, fed_layer&, boost::system::error_code& ec) { ec = {}; }

} // namespace swill::net::websocket::detail
