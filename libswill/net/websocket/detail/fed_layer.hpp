#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/net/websocket/codec.hpp"

#include <utility>

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

/// What Beast's stream reads from and writes to: bytes that a session received before, and the session's output. Hands out no byte
/// beyond the frame that Beast is reading, so that what is left is always known.
class fed_layer {
public:
  using executor_type = boost::asio::io_context::executor_type;

  explicit fed_layer(boost::asio::io_context& io) : executor_(io.get_executor()) {}
  executor_type get_executor() const noexcept { return executor_; }

  /// As codec::feed(). Output and pong must live while Beast is called.
  void feed(bytes_view input, buffer& output, std::size_t sent, last_pong& pong) noexcept {
    input_ = input;
    output_ = &output;
    sent_ = sent;
    pong_ = &pong;
  }
  std::size_t left() const noexcept { return input_.size(); }

  /// False when Beast would only starve, as far as one can tell cheaply.
  bool ready(std::uint64_t message_limit) const noexcept {
    if (frame_left_ != 0) return !input_.empty();
    const header h = peek();
    // Of a continuation Beast knows whether its message becomes too long, payload or not.
    return may_start(h) && (h.payload == 0 || input_.size() > h.size || h.payload > message_limit || h.opcode == 0);
  }

  /// A frame, or a message of several, has begun and is not complete.
  bool in_message() const noexcept { return frame_left_ != 0 || more_frames_; }

  /// Of the last frame that was a client's close with a payload; 0 before.
  std::uint16_t close_code() const noexcept { return close_code_; }
  const std::string& close_reason() const noexcept { return close_reason_; }

  /// Replaces the code of the close frame that Beast has just written.
  void rewrite_close(std::uint16_t code) noexcept {
    if (muted_) return;
    std::byte* end = output_->data() + output_->size();
    end[-2] = static_cast<std::byte>(code >> 8U);
    end[-1] = static_cast<std::byte>(code & 0xffU);
  }

  /// Swallows what Beast writes from now on: our close frame is out, nothing may follow it.
  void mute() noexcept { muted_ = true; }

  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& to, boost::system::error_code& ec) {
    ec = {};
    if (frame_left_ == 0) {
      const header h = peek();
      if (!may_start(h)) throw starved{};
      if (h.opcode == 8) note_close(h);
      if (!h.control()) more_frames_ = !h.fin;
      frame_left_ = h.payload > UINT64_MAX - h.size ? UINT64_MAX : h.payload + h.size;
    }
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, input_.size()));
    const std::size_t copied = boost::asio::buffer_copy(to, boost::asio::const_buffer(input_.data(), n));
    if (copied == 0) throw starved{};
    input_ = input_.subspan(copied);
    frame_left_ -= copied;
    return copied;
  }

  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& from, boost::system::error_code& ec) {
    ec = {};
    std::size_t n = 0;
    const bool pong = !muted_ && is_pong(*boost::asio::buffer_sequence_begin(from));
    if (pong) replace_pong();
    for (auto it = boost::asio::buffer_sequence_begin(from); it != boost::asio::buffer_sequence_end(from); ++it) {
      const boost::asio::const_buffer part{*it};
      if (!muted_) output_->append(part.data(), part.size());
      n += part.size();
    }
    if (pong) *pong_ = {output_->size() - n, output_->size()};
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
  struct header {
    std::size_t size = 0; ///< 0: not all of it is there
    std::uint64_t payload = 0;
    unsigned opcode = 0;
    bool fin = false;

    bool control() const noexcept { return (opcode & 8U) != 0; }
  };

  // Beast takes in the header of a control frame before it looks for the payload, and forgets that when it is starved in between: such a
  // frame must be whole. One that is too long to be valid never gets that far.
  bool may_start(const header& h) const noexcept {
    constexpr std::uint64_t longest_control = 125;
    return h.size != 0 && (!h.control() || h.payload > longest_control || input_.size() >= h.size + h.payload);
  }

  header peek() const noexcept {
    if (input_.size() < 2) return {};
    const auto at = [this](std::size_t i) { return std::to_integer<std::uint64_t>(input_[i]); };
    const std::uint64_t length = at(1) & 0x7fU;
    const std::size_t extra = length < 126 ? 0 : length == 126 ? 2 : 8;
    const std::size_t size = 2 + extra + ((at(1) & 0x80U) != 0 ? 4 : 0);
    if (input_.size() < size) return {};
    const auto opcode = static_cast<unsigned>(at(0) & 0x0fU);
    const bool fin = (at(0) & 0x80U) != 0;
    if (extra == 0) return {size, length, opcode, fin};
    std::uint64_t payload = 0;
    for (std::size_t i = 0; i < extra; ++i) payload = payload << 8U | at(2 + i);
    return {size, payload, opcode, fin};
  }

  void note_close(const header& h) {
    if (h.size != 6 || h.payload < 2 || input_.size() < h.size + h.payload) return;
    close_reason_.clear();
    for (std::size_t i = 0; i < h.payload; ++i)
      close_reason_ += static_cast<char>(input_[h.size + i] ^ input_[h.size - 4 + i % 4]);
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
    if (output_->size() - sent_ > pongs_kept && pong_->end == output_->size() && pong_->at >= sent_)
      output_->truncate(pong_->at);
  }

  executor_type executor_;
  bytes_view input_;
  buffer* output_ = nullptr;
  std::size_t sent_ = 0; // of it
  last_pong* pong_ = nullptr;
  std::uint64_t frame_left_ = 0; // of the frame that Beast is reading
  bool more_frames_ = false;     // of the message whose frame came last
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
  bool muted_ = false;
};

// The session ends TCP itself, after its output has gone.
inline void teardown(boost::beast::role_type, fed_layer&, boost::system::error_code& ec) { ec = {}; }

} // namespace swill::net::websocket::detail
