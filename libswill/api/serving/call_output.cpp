#include "libswill/api/serving/call_output.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace swill::detail {

using wire::response_type;

namespace {
/// Bytes that one stream sends before its neighbours get a turn.
constexpr std::int64_t turn_bytes = 64 * 1024;
} // namespace

// --- Envelopes

std::size_t call_output::write(response_type type, exchange* message, bool is_last) {
  open_message m{*port_};
  wire::writer& w = m.to();
  wire::begin_response(w, seq_);
  if (message != nullptr) {
    message->encode(w);
  } else {
    w.nil();
  }
  write_tail(w, type, is_last);
  const std::size_t size = m.size();
  if (w.out().size() > send_budget_) end_burst();
  m.end();
  leading_state_ = leading_state::sent;
  return size;
}

void call_output::send(response_type type, exchange* message, bool is_last) {
  bytes_ += write(type, message, is_last);
  if (type == response_type::message) ++items_;
}

bool call_output::send_error(const error& e) {
  const auto write_one = [this](const error& what) {
    open_message m{*port_};
    wire::write_error(m.to(), seq_, what);
    const std::size_t size = m.size();
    m.end();
    bytes_ += size;
  };
  try {
    write_one(e);
    return true;
  } catch (const wire::encode_error&) { // of the port
    write_one(error{e.code, e.message});
    return false;
  }
}

// --- Items of a stream

void call_output::send_item(exchange& e) {
  burst_bytes_ -= static_cast<std::int64_t>(write(response_type::message, &e, false));
  if (burst_items_ > 0) --burst_items_;
}

bool call_output::take_share(const limits& l, std::uint64_t turn) noexcept {
  if (!has_room(l) || turn == burst_turn_) return false;
  count_burst();
  burst_turn_ = turn;
  burst_items_ = static_cast<std::uint32_t>(std::min<std::size_t>(l.stream_quantum, UINT32_MAX));
  send_budget_ = l.send_buffer / 2;
  burst_bytes_ = turn_bytes;
  counted_items_ = burst_items_;
  counted_bytes_ = burst_bytes_;
  return true;
}

/// Adds what was sent since it was last added.
void call_output::count_burst() noexcept {
  items_ += counted_items_ - burst_items_;
  bytes_ += static_cast<std::uint64_t>(counted_bytes_ - burst_bytes_);
  counted_items_ = burst_items_;
  counted_bytes_ = burst_bytes_;
}

/// The stream looks at its budget before its next item.
void call_output::end_burst() noexcept {
  count_burst();
  burst_bytes_ = counted_bytes_ = 0;
}

// --- Metadata

call_output::around_messages& call_output::kept_metadata() {
  if (metadata_ == nullptr) metadata_ = std::make_unique<around_messages>();
  return *metadata_;
}

void call_output::set_leading(metadata m) {
  if (leading_state_ == leading_state::sent) throw std::logic_error("leading metadata after the first message");
  leading() = std::move(m);
  leading_state_ = leading_state::set;
}

void call_output::write_metadata(wire::writer& w, response_type type, bool is_last) {
  const auto write = [&w](bool goes, const metadata& m) {
    if (goes && !m.empty()) {
      m.encode(w);
    } else {
      w.nil();
    }
  };
  w.unsigned_integer(static_cast<std::uint64_t>(type));
  write(leading_state_ == leading_state::set, metadata_->leading);
  write(is_last, metadata_->trailing);
}

} // namespace swill::detail
