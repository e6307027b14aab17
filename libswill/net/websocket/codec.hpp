#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/base/close_reason.hpp"
#include "libswill/base/header_fields.hpp"

#include <memory>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace swill::net::websocket {

/// Where the last pong of an output stands; `end` 0: there is none.
struct last_pong {
  std::size_t at = 0;
  std::size_t end = 0;
};

/// One connection's WebSocket protocol on the server's side: bytes in, message payloads out, and what the protocol itself answers
/// (upgrade, pong, close). Beast's websocket::stream without a socket: it is called only when there is something to read, costs one
/// call for a message, and holds nothing back.
class codec {
public:
  codec(boost::asio::io_context& io, std::size_t message_limit);
  ~codec();

  /// Writes the 101 response to `output`. False when Beast finds fault with it.
  bool accept(std::string_view key, std::string_view subprotocol, const header_list& headers, buffer& output);

  /// What read() takes from and writes to, until the next feed(). The first `sent` bytes of the output are on their way; the other pongs
  /// may be replaced by later ones (RFC 6455 §5.5.3), for which `pong`, the caller's, says where the last of them stands.
  void feed(bytes_view input, buffer& output, std::size_t sent, last_pong& pong) noexcept;
  std::size_t left() const noexcept;

  /// Whether read() would get anywhere.
  bool ready() const noexcept;

  enum class status {
    more,    ///< some payload, the message goes on
    done,    ///< the message is complete
    starved, ///< more input is needed
    closed,  ///< the peer has closed, or broken the protocol: see why(); the close frame is in the output
  };

  /// Payload of the current message to `to`; `room` > 0, `got` is how much.
  status read(std::byte* to, std::size_t room, std::size_t& got);

  /// Part of a message has come, if only of its first frame's header, and not all of it.
  bool in_message() const noexcept;

  /// Of the current message.
  bool is_text() const noexcept;

  const close_reason& why() const noexcept { return why_; }

  /// Nothing is written any more: our own close frame is out.
  void mute() noexcept;

private:
  struct stream;
  std::unique_ptr<stream> stream_;
  std::size_t limit_;
  bool held_back_ = false;
  close_reason why_;
};

} // namespace swill::net::websocket
