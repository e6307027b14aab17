#pragma once

#include "libswill/client/detail/endpoint.hpp"
#include "libswill/client/detail/frames.hpp"
#include "libswill/client/detail/line.hpp"
#include "libswill/client/detail/upgrade.hpp"
#include "libswill/client/options.hpp"
#include "libswill/net/asio_loop.hpp"

#include <memory>

namespace swill::client_detail {

/// A WebSocket on a TCP or Unix socket, from the first look at the name to the end of TCP. The output of one turn leaves in one send.
/// socket_line_connect.cpp has the way to the open connection, socket_line_input.cpp what is read, socket_line.cpp the rest.
class socket_line final : public line,
                          public std::enable_shared_from_this<socket_line>,
                          private timer,
                          private net::turn_job {
public:
  socket_line(net::asio_loop& l, const client_options& o, line_sink& s);
  ~socket_line() override;

  /// Throws connect_error for a URL or a header that cannot be read; what goes wrong later is told to the sink.
  void dial(std::string_view url);

  // line
  swill::loop& loop() noexcept override { return loop_; }
  buffer& begin_message() override;
  void end_message() override;
  void cancel_message() override { output_.truncate(message_at_); }
  std::size_t backlog() const noexcept override { return output_.size() - sent_; }
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
  struct sockets;

  // socket_line_connect.cpp
  void on_connected(int fd);
  void read_upgrade(bool at_end);
  void fail(std::exception_ptr why);
  template <class F>
  void guarded(const F& f) noexcept;

  // socket_line_input.cpp
  void wait_readable();
  void on_readable();
  void receive();
  void on_peer_gone(const char* how);
  void take_frames();
  void take_data(const frame& f);
  void take_control(const frame& f);
  void take_close(bytes_view payload);
  void violation(int code, std::string_view reason);

  // socket_line.cpp
  void append_frame(unsigned op, bytes_view payload);
  void append_close(int code, std::string_view reason);
  void flush();
  void wait_writable();
  void on_flushed();
  void on_turn_end() noexcept override;
  void on_timer() override;
  void check_ping();
  void end_after_output(close_reason why);
  void die(const close_reason& why);
  void hang_up() noexcept;

  net::asio_loop& loop_;
  client_options options_;
  line_sink* sink_;
  std::unique_ptr<sockets> sockets_;
  std::unique_ptr<upgrade> upgrade_; // until it is open
  phase phase_ = phase::connecting;
  bool reading_ = false; // a wait for input is under way
  bool writing_ = false; // a wait for room in the socket is under way
  bool paused_ = false;
  bool was_full_ = false;  // on_writable is owed
  bool pinged_ = false;    // by check_ping, and nothing came since
  bool fragments_ = false; // a message has begun and goes on
  buffer input_;
  buffer message_; // fragments of a message that is not complete
  buffer output_;
  std::size_t sent_ = 0;       // of output_
  std::size_t message_at_ = 0; // where the frame being written began
  mask_source masks_;
  close_reason why_; // of our own close, and of what ends after the output
  clock_time heard_{};
};

} // namespace swill::client_detail
