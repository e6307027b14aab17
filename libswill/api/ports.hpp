#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/base/close_reason.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/peer_certificate.hpp"
#include "libswill/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// Where transport and actors meet: bytes up, bytes down. A WebSocket or one end of a memory pipe is below, a connection actor
// above. Everything here happens on the loop thread of the connection.

namespace swill {

class connection;
class value;

/// The inbox of a client whose server is beyond the port: in a worker, that of the gateway's client. On the loop's thread of the connection.
class remote_inbox {
public:
  /// Hands {name, value} on. `answer` is called once, on this thread, with whether the inbox is open, or with error 503 when the link has ended
  /// before anybody knew; null: nobody waits. Throws error 413 for more than worker_options::push_size, 400 for a value that nests too deep for the
  /// link, and 429 while the link is full.
  virtual void push(std::string_view name, const value& v, std::function<void(result<bool>)> answer) = 0;

protected:
  ~remote_inbox() = default;
};

/// Whole messages that a connection has carried since it was opened, and their bytes, without frames.
struct traffic {
  std::uint64_t messages_in = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_out = 0;
};

/// Bytes down: one open connection as its actor sees it. Lives until message_sink::on_closed has returned.
class message_port {
public:
  virtual swill::loop& loop() noexcept = 0;

  /// Opens one binary message at the end of the output and returns that output: append the message's bytes to it, nothing else, and
  /// end_message() without anything in between. To withdraw a message that was begun, truncate the buffer to the size it had when
  /// begin_message() returned and call cancel_message(). end_message() throws wire::encode_error, and has withdrawn the message, when it nests
  /// deeper than the other end of a link between processes can read.
  virtual buffer& begin_message() = 0;
  virtual void end_message() = 0;
  virtual void cancel_message() = 0;

  /// Bytes that wait to be sent, besides the kernel's buffers.
  virtual std::size_t backlog() const noexcept = 0;

  virtual swill::traffic traffic() const noexcept { return {}; }

  /// Starts the close handshake after what is queued: nothing more is sent, nothing more goes up but on_closed, later and once.
  /// The code travels as it is; a reason too long for the frame is cut between characters.
  virtual void close(int code, std::string_view reason) = 0;
  /// Ends a connection that close() was called for, without waiting for the peer: message_sink::on_closed is called before this returns.
  /// A port that needs no peer for its end leaves this as it is.
  virtual void drop() {}

  /// Reads nothing more from the peer until it is called with false as often as with true. The peer's end is noticed meanwhile.
  virtual void pause_reading(bool paused) = 0;

  /// What requests of this connection keep of its messages until their handlers take it has grown by so many bytes, or fallen where
  /// negative. A port over limits::connection_memory reads nothing more from the peer.
  virtual void on_held(std::ptrdiff_t /*bytes*/) {}

  // --- For ports that carry each request on its own (links between processes); sockets leave them as they are
  /// Whether the stream that answers request `seq` may send more; `send_buffer` is that of the limits. When it may again after it could
  /// not: message_sink::on_writable.
  virtual bool has_room(std::uint64_t /*seq*/, std::size_t send_buffer) { return backlog() < send_buffer / 2; }
  /// Wants to hear of each item that a handler takes from request `seq`.
  virtual bool counts_items() const noexcept { return false; }
  virtual void on_item_taken(std::uint64_t /*seq*/) {}
  /// Request `seq` has ended.
  virtual void on_request_end(std::uint64_t /*seq*/) {}
  /// Null: the client's inbox is this server's.
  virtual remote_inbox* inbox() noexcept { return nullptr; }

protected:
  ~message_port() = default;
};

/// Bytes up: what a connection's actor is told.
class message_sink {
public:
  /// One whole binary message. The bytes live until this returns.
  virtual void on_message(bytes_view message) = 0;

  /// The backlog fell under half of limits::send_buffer after having been over it.
  virtual void on_writable() = 0;

  /// The connection is over, however it ended. The last call.
  virtual void on_closed(const close_reason& why) = 0;

protected:
  ~message_sink() = default;
};

/// An HTTP request that asks for a connection, as it came.
struct handshake_request {
  std::string method;
  std::string target;         ///< path and query, not decoded
  header_list headers;        ///< in the order of the wire
  std::string remote_address; ///< the peer's IP address, or "unix"
  std::uint16_t remote_port = 0;
  bool tls = false;
  std::shared_ptr<const peer_certificate>
      certificate;         ///< that the peer has shown by TLS; shared by copies of this; null: none
  std::string subprotocol; ///< the one that is going to be agreed
};

/// A valid request for a connection that waits to be accepted or rejected, exactly once. Shared by the transport and whoever decides;
/// given up by both, it is answered 500. After the peer has gone, `is_open` is false and both calls do nothing.
class handshake {
public:
  handshake_request request;
  /// Of a connection that was accepted elsewhere before; null: they are made from the request.
  std::shared_ptr<connection> facts; // shared with the connection's actor
  /// Called at most once, on its loop, when the peer goes before it was accepted or rejected. Of whoever decides.
  std::function<void()> on_gone;
  void tell_gone() {
    if (on_gone) std::exchange(on_gone, nullptr)();
  }

  virtual swill::loop& loop() noexcept = 0;
  virtual bool is_open() const noexcept = 0;

  /// Answers 101 with these headers beside the required ones. `sink` must live until its on_closed has returned, which may be before
  /// this call returns. Frames that came with the request follow in a later turn. Null when the peer has gone.
  virtual message_port* accept(const header_list& headers, message_sink& sink) = 0;

  /// Answers with an HTTP status, a text body, and these headers; then closes.
  virtual void reject(int status, std::string_view body, const header_list& headers) = 0;

  virtual ~handshake() = default;
};

/// Decides on handshakes. Called on the loop of the connection-to-be; may answer later.
class gate {
public:
  virtual void on_handshake(std::shared_ptr<handshake> h) = 0;

protected:
  ~gate() = default;
};

} // namespace swill
