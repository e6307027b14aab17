#pragma once

#include "libswill/net/websocket/codec.hpp"

namespace swill::net::websocket::detail {

/// Reads messages with Beast's websocket::stream, which has no socket: it is called only when there is something to read, and holds nothing
/// back. Between two messages it works for any connection of its role, so each thread keeps one at hand for the next that needs it.
class beast_reader {
public:
  /// One that works for `p`, which must outlive it or see it given back.
  static std::unique_ptr<beast_reader> take(codec_buffers& p, std::size_t message_limit);
  /// One that is between two messages. From the thread that took it.
  static void give_back(std::unique_ptr<beast_reader> r) noexcept;
  ~beast_reader();

  /// As the codec's functions of these names.
  bool ready() const noexcept;
  bool in_message() const noexcept;
  bool is_text() const noexcept;
  read_status read(std::byte* to, std::size_t room, std::size_t& got);
  const close_reason& why() const noexcept { return why_; }

  /// ready(), where a message would begin with this header and so much input is there, with the header.
  static bool would_start(const frame_header& h, std::size_t input, std::size_t message_limit) noexcept;

private:
  explicit beast_reader(role end);
  void open(role end);

  struct stream;
  std::unique_ptr<stream> stream_;
  role end_;
  std::size_t limit_ = 1;
  bool held_back_ = false; // Beast has payload that there was no room for
  close_reason why_;
};

} // namespace swill::net::websocket::detail
