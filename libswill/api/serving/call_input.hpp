#pragma once

#include "libswill/api/request.hpp"
#include "libswill/base/awaiting.hpp"
#include "libswill/base/bytes.hpp"
#include "libswill/base/frame_memory.hpp"
#include "libswill/base/ring.hpp"
#include "libswill/base/task.hpp"
#include "libswill/wire/envelope.hpp"

#include <cstddef>

namespace swill::detail {

class call;

/// The way of a streaming request's messages to its handler: at once when nothing is in the way, else through a pump, one after the other.
/// Counts what waits, and holds up the client when that is too much. Belongs to a call, as long as its request.
class call_input final : public input_gauge, public in_frame_memory {
public:
  /// `ended`: the client has opened the request by END_OF_STREAM.
  call_input(call& c, bool ended);
  ~call_input();

  /// For what comes before start(): it waits.
  void keep(bytes_view data, std::size_t values);
  /// The handler is about to run. `opening` is the message that has opened the request, if it need not wait; else empty.
  void start(bytes_view opening, std::size_t values);
  bool on_item(const wire::request_envelope& e); ///< as that of call
  void on_end_of_stream();
  /// The request is over: what still comes is dropped.
  void release();

  bool is_half_closed() const noexcept { return half_closed_; }
  std::size_t raw_items() const noexcept { return raw_items_.size(); }
  std::size_t raw_bytes() const noexcept { return raw_bytes_; }

private:
  /// A message that is still to be decoded.
  struct raw_item {
    bytes data;
    std::size_t values = 0; ///< wire::request_envelope::values

    /// What keeping it takes.
    std::size_t takes() const noexcept { return data.size() + sizeof(raw_item) + 2 * sizeof(void*); }
  };
  struct room;

  void on_mark() override { settle(); }
  void on_item_taken() override;
  void settle();
  void report(std::size_t held);
  bool is_pumping() const noexcept { return pump_ && !pump_.done(); }
  bool is_crowded() const;
  bool hand_over(bytes_view data, std::size_t values, bool is_checked);
  task<void> pump();

  call& call_;
  ring<raw_item> raw_items_;
  std::size_t raw_bytes_ = 0;
  std::size_t limit_;
  std::size_t reported_ = 0; ///< what of held() the port knows
  wait_slot room_;           ///< the pump waits until the handler has taken some
  bool is_ready_ = false;    ///< start() was called
  bool half_closed_;         ///< the client sends no more
  bool is_full_ = false;     ///< nothing is to be read from the client
  task<void> pump_;          ///< last: it goes first
};

} // namespace swill::detail
