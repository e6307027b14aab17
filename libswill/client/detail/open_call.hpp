#pragma once

#include "libswill/base/awaiting.hpp"
#include "libswill/base/buffer.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/client/detail/client_connection.hpp"
#include "libswill/client/options.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace swill::client_detail {

/// Encoded items in order, in one run of memory.
class received_items {
public:
  bool empty() const noexcept { return head_ == data_.size(); }

  /// What an item counts for: its bytes and its place.
  static constexpr std::size_t cost(std::size_t size) noexcept { return size + sizeof(std::uint64_t); }
  std::size_t total_cost() const noexcept { return data_.size() - head_; }

  void push(bytes_view item) {
    compact();
    const std::uint64_t size = item.size();
    data_.append(&size, sizeof size);
    data_.append(item);
  }

  /// Valid until the next push.
  bytes_view pop() noexcept {
    std::uint64_t size = 0;
    std::memcpy(&size, data_.data() + head_, sizeof size);
    const bytes_view item = data_.view().subspan(head_ + sizeof size, static_cast<std::size_t>(size));
    head_ += cost(item.size());
    return item;
  }

private:
  // Half of it is empty: what is moved costs no more than what was taken before.
  void compact() noexcept {
    if (head_ == 0 || head_ * 2 < data_.size()) return;
    data_.consume(head_);
    head_ = 0;
  }

  buffer data_;
  std::size_t head_ = 0;
};

/// One call, without its types: what was sent, what came, and who waits. Destroyed before its end, it sends CANCEL.
class open_call final : private timer {
public:
  /// `streams`: the response is a stream. Throws connection_lost.
  open_call(std::shared_ptr<client_connection> c, std::string_view rpc, const call_options& o, bool streams);
  ~open_call() override;

  // --- the request
  /// The whole request of one message, or the opening of a streaming one.
  void open_message(bytes_view data);
  void open_stream();
  void send_item(bytes_view data);
  /// END_OF_STREAM. Again, or after the end: nothing.
  void send_end();
  /// Ends the call here and, by CANCEL, there.
  void cancel();
  bool may_write() const noexcept { return !ended_ && !closed_; }
  /// Bytes of the largest envelope that was sent for it.
  std::size_t largest_sent() const noexcept { return largest_sent_; }

  // --- the response
  bool ended() const noexcept { return ended_; }
  bool has_item() const noexcept { return !direct_.empty() || !items_.empty(); }
  bool has_begun() const noexcept { return begun_ || ended_; }
  /// The next item, encoded, until the next call of anything here. Only when has_item().
  bytes_view take_item();
  /// Throws what ended the call, unless that was its regular end.
  void rethrow_failure() const;
  const swill::metadata& leading() const noexcept { return leading_; }
  const swill::metadata& trailing() const noexcept { return trailing_; }
  const std::shared_ptr<client_connection>& owner() const noexcept { return connection_; }

  // --- who waits: at most one that reads and one that writes
  wait_slot reader;
  bool reader_wants_items = true; ///< or only to know that the response has begun
  wait_slot writer;

  // --- what the connection tells. Both may destroy the call.
  void on_response(const wire::response_envelope& e);
  void fail(std::exception_ptr why);

private:
  void on_timer() override;
  void on_item(const wire::response_envelope& e);
  bool take_metadata(const wire::response_envelope& e);
  void end(std::exception_ptr why);
  void send(wire::request_type type, bytes_view data = {});
  void note_sent(std::size_t bytes) noexcept { largest_sent_ = std::max(largest_sent_, bytes); }
  /// False when that destroyed the call.
  bool wake(wait_slot& s);

  std::shared_ptr<client_connection> connection_;
  std::string rpc_;
  swill::metadata request_metadata_; // until it is sent
  std::chrono::milliseconds timeout_;
  std::uint64_t seq_;
  std::size_t largest_sent_ = 0;
  bool streams_;
  bool opened_ = false;
  bool closed_ = false; // END_OF_STREAM is sent, or the request is one message
  bool begun_ = false;
  bool ended_ = false;
  bool* gone_ = nullptr; // set by the destructor, for what is on the stack
  bytes_view direct_;    // an item that its reader, which runs now, takes from the message itself
  received_items items_;
  swill::metadata leading_;
  swill::metadata trailing_;
  std::exception_ptr failure_;
};

} // namespace swill::client_detail
