#pragma once

#include "libswill/api/ports.hpp"

#include <exception>

namespace swill::client_detail {

/// What a client's connection is told. As message_sink; before on_open nothing else, and after on_failed or on_closed nothing more.
class line_sink : public message_sink {
public:
  /// The handshake is done; messages follow in a later turn.
  virtual void on_open(const header_list& response_headers) = 0;

  /// No connection: a connect_error.
  virtual void on_failed(std::exception_ptr why) = 0;

  /// To each ping(), in order.
  virtual void on_pong() = 0;

protected:
  ~line_sink() = default;
};

/// The client's end of one connection: a WebSocket or a memory line. Shared by the connection above and by what is under way below; the
/// sink is borrowed until abandon().
class line : public message_port {
public:
  virtual ~line() = default;

  virtual void ping() = 0;

  /// The sink is going: it is told nothing more. An open connection closes with 1000, another is dropped.
  virtual void abandon() = 0;
};

} // namespace swill::client_detail
