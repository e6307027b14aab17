#pragma once

#include "libswill/api/ports.hpp"
#include "libswill/base/limits.hpp"

#include <memory>
#include <optional>
#include <string>

namespace swill {

/// A connection without sockets, for tests: a gate and its actors see a handshake and a message port; the test holds the client's
/// end. Messages travel whole and in order; what the client sends goes up in a later turn of the loop. On the loop's thread. The loop and
/// the gate must outlive the pipe; when the pipe goes, the connection is dropped.
class memory_pipe {
public:
  struct rejection {
    int status = 0;
    std::string body;
    header_list headers;
  };

  /// Shakes hands: the gate is asked in a later turn.
  memory_pipe(loop& l, gate& g, handshake_request request = plain_request(), const limits& lim = {});
  ~memory_pipe();
  memory_pipe(const memory_pipe&) = delete;
  memory_pipe& operator=(const memory_pipe&) = delete;

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

  /// The oldest message that has arrived from the server.
  std::optional<bytes> receive();
  std::size_t arrived() const noexcept;

  /// The client's close frame, and the answer to one of the server.
  void close(int code = 1000, std::string_view reason = {});

  /// How the connection ended: by the server's close frame, or as on_closed was told.
  std::optional<close_reason> closed() const;

  // --- faults
  /// The line goes dead: on_closed with 1006.
  void drop();

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
