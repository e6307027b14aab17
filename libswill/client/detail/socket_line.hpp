#pragma once

#include "libswill/client/detail/endpoint.hpp"
#include "libswill/client/detail/line.hpp"
#include "libswill/client/detail/upgrade.hpp"
#include "libswill/client/options.hpp"
#include "libswill/net/connector.hpp"
#include "libswill/net/stream_socket.hpp"
#include "libswill/net/websocket/codec.hpp"

#include <memory>

namespace swill::client_detail {

/// A WebSocket on a TCP or Unix socket, with TLS or without, from the first look at the name to the end of TCP.
/// socket_line_connect.cpp has the way to the open connection, socket_line.cpp the rest.
class socket_line final : public line,
                          public std::enable_shared_from_this<socket_line>,
                          private timer,
                          private net::stream_socket {
public:
  socket_line(net::event_loop& l, const client_options& o, line_sink& s);

  /// Throws connect_error for a URL or a header that cannot be read; what goes wrong later is told to the sink.
  void dial(std::string_view url);

  // line
  swill::loop& loop() noexcept override { return socket_loop(); }
  buffer& begin_message() override;
  void end_message() override;
  void cancel_message() override { output_.truncate(message_at_); }
  std::size_t backlog() const noexcept override { return stream_socket::backlog(); }
  void close(int code, std::string_view reason) override;
  void pause_reading(bool paused) override;
  void ping() override;
  void abandon() override;

private:
  enum class phase {
    connecting,
    upgrading,
    open,
    closing, // our close frame is out, the peer's is awaited
    ending,  // all is said: the output goes out
    ended,
  };

  // socket_line_connect.cpp
  void on_connected(int fd);
  void read_upgrade(bool at_end);
  void fail(std::exception_ptr why);

  // socket_line.cpp
  bool wants_input() const noexcept override;
  void on_input(bytes_view data) override;
  void on_peer_gone(int error) override;
  void on_broken() override;
  void on_send_failed(int error) override;
  void on_tls_failed(const std::string& why) override;
  void on_flush() override;
  void on_flushed() override;
  std::shared_ptr<void> keep_alive() override { return shared_from_this(); }
  void on_exception(std::exception_ptr e) noexcept override;
  void go_on_reading();
  void take(bytes_view data);
  std::size_t decode(bytes_view data);
  bool step();
  void append_frame(net::websocket::opcode op, bytes_view payload);
  void append_close(int code, std::string_view reason);
  void on_timer() override;
  void check_ping();
  void end_after_output(close_reason why);
  void die(const close_reason& why);
  void hang_up() noexcept;

  client_options options_;
  line_sink* sink_;
  net::connector connector_;
  std::unique_ptr<upgrade> upgrade_; // until it is open
  std::string tls_host_;             // empty: without TLS
  phase phase_ = phase::connecting;
  bool paused_ = false;
  bool was_full_ = false; // on_writable is owed
  bool pinged_ = false;   // by check_ping, and nothing came since
  net::websocket::codec codec_;
  buffer message_;             // what came of the one that is being read
  std::size_t message_at_ = 0; // where the frame being written began
  close_reason why_;           // of our own close, and of what ends after the output
  clock_time heard_{};
};

} // namespace swill::client_detail
