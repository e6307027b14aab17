#pragma once

#include <chrono>
#include <cstddef>

namespace swill {

class mistake_list;

/// Every limit, default and timeout of a server, in one place. An app holds one (`app.limits()`), a server its copy from the moment
/// it starts. Each says its unit and what happens when it is reached. Sizes are bytes.
struct limits {
  // --- Messages
  /// A WebSocket message from a peer, after reassembly; at least 28, which the shortest call of swill.introspect takes. When reached: close
  /// 1009, nothing of the rest is read.
  std::size_t message_size = 1024 * 1024;
  /// Arrays and maps within each other in one message, the envelope included; at most 256. When reached: ERROR 400 where the seq can be
  /// read, else close 1007 (docs/protocol.md §5).
  std::size_t nesting = 32;
  /// Encoded metadata of one request. When reached: ERROR 400.
  std::size_t metadata_size = 64 * 1024;
  /// Name of an rpc. When reached: ERROR 400.
  std::size_t rpc_name = 64 * 1024;
  /// Memory that decoding one message into its type may take beyond the message's own size (containers of larger items).
  /// When reached: ERROR 413.
  std::size_t decoded_size = 16 * 1024 * 1024;
  /// Values in one message: items of arrays, keys and values of maps, at every depth. When reached: ERROR 413.
  std::size_t elements = 1024 * 1024;
  /// Values of a message that an I/O thread decodes itself. When reached: the message is decoded on the worker pool.
  std::size_t elements_on_loop = 16 * 1024;
  /// Problems reported for one invalid message. When reached: the rest is not reported.
  std::size_t problems = 1000;

  // --- Requests
  /// Open requests of one connection: those without a final envelope or CANCEL. Twice as many may run, since handlers and hooks may go on
  /// after that. When reached: ERROR 429 with data.retry_after_ms.
  std::size_t requests_per_connection = 128;
  /// What the items take that wait for the handler of one streaming request: their bytes, decoded or not, and what keeping them costs.
  /// When reached: the connection is read no further until the handler has taken half of it.
  std::size_t queued_bytes = 4 * 1024 * 1024;
  /// Streaming requests of a connection that are remembered after their end, so that a late item opens nothing new: so many that have
  /// finished, of which the oldest is forgotten, and so many that were refused while the client was still sending.
  std::size_t remembered_requests = 128;
  /// Blocking functions that run for one connection at the same time, on_pool included; the others wait for their turn. 0: half of the
  /// worker pool's threads.
  std::size_t pool_jobs_per_connection = 0;
  /// How long a function may hold its I/O thread. When reached: one line in the log, with the handler's name. 0: never.
  std::chrono::milliseconds slow_handler{100};
  /// Deadline of a request whose client and handler name none. 0: none. When reached: ERROR 408.
  std::chrono::milliseconds default_deadline{0};
  /// The longest deadline that a client may ask for; longer ones are cut to it, and a request without one gets it. 0: no maximum.
  std::chrono::milliseconds maximum_deadline{0};
  /// What data.retry_after_ms of an ERROR 429 says.
  std::chrono::milliseconds retry_after{100};

  // --- Connections
  /// Connections of one server. When reached: HTTP 503 with Retry-After.
  std::size_t connections = 100000;
  /// Bytes that wait to be sent on one connection, besides the kernel's buffers. When half of it is used: streaming handlers wait.
  /// When twice of it and the largest message is used (only unary responses can): nothing more is read from there until it drains.
  std::size_t send_buffer = 1024 * 1024;
  /// How long a peer may leave queued bytes untouched. When reached: the connection is closed and counted.
  std::chrono::milliseconds slow_reader_timeout{10000};
  /// Bytes of one connection's input that are kept: a message that is not complete, and items that wait for their handlers; at least
  /// message_size. When reached: nothing more is read from there until handlers have taken some.
  std::size_t connection_memory = 8 * 1024 * 1024;
  /// Bytes that all connections together keep, input and output; at least eight times message_size. 0: a quarter of the memory that the
  /// process may use, 256 MiB at most. When reached: streams and reading wait on connections that keep more than their share.
  std::size_t server_memory = 0;
  /// From the first byte of a message to its last. When reached: close 1008.
  std::chrono::milliseconds message_timeout{30000};
  /// From TCP accept to the end of the upgrade request. When reached: the connection is closed (HTTP 408 when something came).
  std::chrono::milliseconds handshake_timeout{10000};
  /// Silence of a peer whose HTTP requests were answered, before its next one. When reached: the connection is closed.
  std::chrono::milliseconds keep_alive_timeout{30000};
  /// Request line and headers of an HTTP request. When reached: HTTP 431.
  std::size_t header_size = 16 * 1024;
  /// Silence of a peer after which the server sends a ping. 0: never.
  std::chrono::milliseconds ping_interval{30000};
  /// How long the server waits for anything after its ping. When reached: the connection is dropped.
  std::chrono::milliseconds ping_timeout{20000};
  /// How long the server waits for the peer's half of the close handshake. When reached: TCP is closed.
  std::chrono::milliseconds close_timeout{3000};

  // --- Fairness
  /// Items that a stream which never waits may send before its neighbours get a turn; 64 KiB end its turn as well.
  std::size_t stream_quantum = 4096;
  /// How long an orderly shutdown lets open requests finish before it cancels them.
  std::chrono::milliseconds drain_timeout{5000};
};

/// Adds what makes no sense, by itself or together, under the path "limits.NAME".
void check(const limits& l, mistake_list& out);

} // namespace swill
