#pragma once

#include "libswill/client/detail/line.hpp"
#include "libswill/client/options.hpp"

#include <deque>
#include <memory>
#include <string>

namespace swill::client_detail {

/// Both ends of a connection without sockets: messages travel whole and in order, each way in a later turn of the loop.
class memory_line final : public line, public std::enable_shared_from_this<memory_line> {
public:
  memory_line(swill::loop& l, const client_options& o, line_sink& s);
  ~memory_line() override;

  /// The gate is asked in a later turn.
  void dial(gate& g, handshake_request request);

  // line: the client's end
  swill::loop& loop() noexcept override { return loop_; }
  buffer& begin_message() override;
  void end_message() override;
  void cancel_message() override;
  std::size_t backlog() const noexcept override { return up_.queued; }
  void close(int code, std::string_view reason) override;
  void pause_reading(bool paused) override;
  void ping() override;
  void abandon() override;

private:
  class far_end;
  class pending;

  /// Messages under way in one direction.
  struct channel {
    std::deque<bytes> messages;
    buffer writing;
    std::size_t queued = 0;
    bool paused = false;
    bool delivering = false; // a turn for it is posted
    bool was_full = false;
  };

  message_port* accept(const header_list& headers, message_sink& sink);
  void reject(int status, std::string_view body);
  bool is_deciding() const noexcept { return deciding_; }
  void push(channel& c);
  void deliver_later(channel& c);
  void deliver(channel& c);
  message_sink* receiver_of(const channel& c) noexcept;
  message_sink* sender_of(const channel& c) noexcept;
  void end_later(close_reason why);
  void end(const close_reason& why);

  swill::loop& loop_;
  client_options options_;
  line_sink* near_;
  message_sink* far_ = nullptr;
  std::unique_ptr<far_end> far_port_;
  channel up_;
  channel down_;
  bool deciding_ = true;
  bool open_ = false;
  bool ended_ = false;
};

} // namespace swill::client_detail
