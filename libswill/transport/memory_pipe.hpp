#pragma once

#include "libswill/api/ports.hpp"
#include "libswill/base/limits.hpp"

#include <memory>
#include <optional>
#include <string>

namespace swill {

/// A connection without sockets: a gate and its actors see a handshake and a message port; whoever made the pipe holds the client's end,
/// and asks it for what has come, or is told (`listener`). Messages travel whole and in order; what the client sends goes up in later
/// turns of the loop, one message a turn. A close comes after what its side has sent, unless the other side reads nothing at that time. On
/// the loop's thread. The loop and the gate must outlive the pipe; when the pipe goes, the connection is dropped.
class memory_pipe {
public:
  struct rejection {
    int status = 0;
    std::string body;
    header_list headers;
  };

  /// Told what happens at the client's end: on_message for one message of the server's a turn, but none while the client stalls, so that
  /// what waits is the server's backlog; on_writable each time that the server has read a message of the client's.
  class listener : public message_sink {
  public:
    /// In a turn before that of the first message.
    virtual void on_open(const header_list& response_headers) = 0;
    /// The last call.
    virtual void on_rejected(const rejection& r) = 0;

  protected:
    ~listener() = default;
  };

  /// Shakes hands: the gate is asked in a later turn. `told` must outlive the pipe; it may destroy the pipe when it is called.
  memory_pipe(loop& l, gate& g, handshake_request request = plain_request(), const limits& lim = {},
              listener* told = nullptr);
  ~memory_pipe();
  memory_pipe& operator=(memory_pipe&&) = delete;

  /// GET /ws from 127.0.0.1 with swill.v1.
  static handshake_request plain_request();

  // --- what the server decided
  bool is_open() const noexcept;
  std::optional<rejection> rejected() const;
  const header_list& response_headers() const noexcept;

  // --- the client's end
  /// One binary message. Beyond limits::message_size: the connection closes with 1009.
  void send(bytes_view message);
  void send(std::string_view message) { send(as_bytes(message)); }

  /// Bytes that the client has sent and the server has not read.
  std::size_t unread() const noexcept;

  /// The oldest message that has arrived from the server; none where a listener is told.
  std::optional<bytes> receive();
  std::size_t arrived() const noexcept;

  /// The client's close frame, and the answer to one of the server.
  void close(int code = 1000, std::string_view reason = {});

  /// How the connection ended: by the server's close frame, or as on_closed was told.
  std::optional<close_reason> closed() const;

  // --- faults
  /// The line goes dead at once: on_closed with this.
  void drop(const close_reason& why = {1006, "dropped", true});

  /// Drops after so many more messages, either way: 0 with the next one, which does not arrive.
  void drop_after(std::size_t messages);

  /// The client reads nothing: what the server sends is its backlog, until take() or stall(false).
  void stall(bool on = true);

  /// While stalled: lets this many messages through.
  void take(std::size_t messages);
  std::size_t backlog() const noexcept;

private:
  class line;
  std::shared_ptr<line> line_; // owned by the pipe, the handshake and what waits on the loop
};

} // namespace swill
