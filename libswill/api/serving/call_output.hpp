#pragma once

#include "libswill/api/metadata.hpp"
#include "libswill/api/serving/handler.hpp"
#include "libswill/api/serving/open_message.hpp"
#include "libswill/base/frame_memory.hpp"
#include "libswill/wire/envelope.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace swill::detail {

/// The answer to one request: its envelopes, each whole or not at all, the metadata that go with them, and how much of a stream may be sent
/// before its neighbours have their turn. Waits for nothing; its call says what is sent, and when.
class call_output {
public:
  /// The request of that number, which came by that port.
  void begin(message_port& p, std::uint64_t seq) noexcept {
    port_ = &p;
    seq_ = seq;
  }
  std::uint64_t seq() const noexcept { return seq_; }

  // --- Metadata
  /// To go with the first message; throws std::logic_error after that.
  void set_leading(metadata m);
  /// For hooks of the leading metadata, and after they have run.
  metadata& leading() { return kept_metadata().leading; }
  void note_leading() noexcept {
    if (leading_state_ == leading_state::none && !metadata_->leading.empty()) leading_state_ = leading_state::set;
  }
  metadata& trailing() { return kept_metadata().trailing; }
  /// As it was before the request, of which nothing streamed.
  void drop_answer() noexcept {
    metadata_.reset();
    leading_state_ = leading_state::none;
    items_ = bytes_ = 0;
  }

  // --- Envelopes. What throws, because its message cannot be encoded, has sent nothing.
  /// `message`: whose outgoing message it carries, or null. `is_last`: trailing metadata go along.
  void send(wire::response_type type, exchange* message, bool is_last);
  /// False: without its data, which nest deeper than the port carries.
  bool send_error(const error& e);
  /// One that was begun elsewhere is whole, with the message that answers the request.
  void note_answer(std::size_t size) noexcept {
    ++items_;
    bytes_ += size;
    leading_state_ = leading_state::sent;
  }
  /// Ends an envelope that was begun elsewhere.
  void write_tail(wire::writer& w, wire::response_type type, bool is_last) {
    if (metadata_ != nullptr && (leading_state_ == leading_state::set || is_last)) [[unlikely]] {
      write_metadata(w, type, is_last);
    } else {
      wire::end_response(w, type);
    }
  }

  // --- Items of a stream
  /// The output may take more.
  bool has_room(const limits& l) const noexcept { return port_->has_room(seq_, l.send_buffer); }
  /// The stream may send an item: it has something left of its share of a turn, or takes its share of this turn.
  bool may_send(const limits& l, std::uint64_t turn) noexcept {
    return (burst_items_ > 0 && burst_bytes_ > 0) || take_share(l, turn);
  }
  void send_item(exchange& e);
  /// It may, and the response has begun: then the item may be put into the output directly.
  bool is_under_way() const noexcept {
    return leading_state_ == leading_state::sent && burst_items_ != 0 && burst_bytes_ > 0;
  }
  template <class Encode>
  void put(Encode encode) {
    open_message m{*port_};
    wire::writer& w = m.to();
    wire::begin_response(w, seq_);
    encode(w);
    wire::end_response(w, wire::response_type::message);
    --burst_items_;
    burst_bytes_ -= static_cast<std::int64_t>(m.size());
    if (w.out().size() > send_budget_) [[unlikely]]
      end_burst();
    m.end();
  }

  /// Adds what was sent.
  void count(outcome& to) noexcept {
    if (burst_bytes_ != counted_bytes_) count_burst();
    to.items_out = items_;
    to.bytes_out = bytes_;
  }

private:
  enum class leading_state : std::uint8_t { none, set, sent };
  struct around_messages : in_frame_memory {
    metadata leading, trailing;
  };
  around_messages& kept_metadata();
  void write_metadata(wire::writer& w, wire::response_type type, bool is_last);
  std::size_t write(wire::response_type type, exchange* message, bool is_last); // returns the message's size
  bool take_share(const limits& l, std::uint64_t turn) noexcept;
  void count_burst() noexcept;
  void end_burst() noexcept;

  message_port* port_ = nullptr; ///< the connection's, while a request is open
  std::uint64_t seq_ = 0;
  std::unique_ptr<around_messages> metadata_; ///< once somebody asks for some

  // What the stream may still send before it asks again: its share of a turn within the connection's budget.
  std::uint64_t burst_turn_ = 0;
  std::int64_t burst_bytes_ = 0; ///< below 0: the last item was larger than the rest of its share
  std::size_t send_budget_ = 0;

  // What was sent, up to where burst_items_ and burst_bytes_ were when they were counted: so items need no counter of their own.
  std::uint64_t items_ = 0;
  std::uint64_t bytes_ = 0;
  std::int64_t counted_bytes_ = 0;
  std::uint32_t counted_items_ = 0;

  // Apart from burst_bytes_: where the two are neighbours, g++ counts both in one vector register, and an item takes a third more time.
  std::uint32_t burst_items_ = 0;
  leading_state leading_state_ = leading_state::none; ///< sent: the response has begun, with or without
};

} // namespace swill::detail
