#pragma once

#include "libswill/client/detail/line.hpp"
#include "libswill/client/options.hpp"
#include "libswill/transport/memory_pipe.hpp"

#include <memory>

namespace swill::client_detail {

/// The client's end of a memory pipe.
class memory_line final : public line, public std::enable_shared_from_this<memory_line>, private memory_pipe::listener {
public:
  /// The gate is asked in a later turn.
  memory_line(swill::loop& l, const client_options& o, line_sink& s, gate& g, handshake_request request);

  // line
  swill::loop& loop() noexcept override { return loop_; }
  buffer& begin_message() override { return message_; }
  void end_message() override;
  void cancel_message() override { message_.clear(); }
  std::size_t backlog() const noexcept override { return pipe_.unread(); }
  void close(int code, std::string_view reason) override;
  void pause_reading(bool paused) override { pipe_.stall(paused); }
  void ping() override;
  void abandon() override;

private:
  // memory_pipe::listener
  void on_open(const header_list& response_headers) override;
  void on_rejected(const memory_pipe::rejection& r) override;
  void on_message(bytes_view message) override;
  void on_writable() override;
  void on_closed(const close_reason& why) override;

  swill::loop& loop_;
  std::size_t send_buffer_;
  line_sink* sink_;
  buffer message_;
  bool open_ = false;     // until either end closes it
  bool was_full_ = false; // on_writable is owed
  memory_pipe pipe_;
};

} // namespace swill::client_detail
