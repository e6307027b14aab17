#include "libswill/api/detail/call.hpp"

#include <algorithm>
#include <stdexcept>

// Envelopes down: items of a stream within the connection's budget and this stream's share of a turn, final envelopes at once.

namespace swill::detail {

using wire::response_type;

namespace {
/// Bytes that one stream sends before its neighbours get a turn.
constexpr std::int64_t turn_bytes = 64 * 1024;
} // namespace

bool call::refill() noexcept {
  if (!host_->writable()) return false;
  if (host_->turn() == burst_turn_) return false;
  count_burst();
  burst_turn_ = host_->turn();
  burst_items_ = static_cast<std::uint32_t>(std::min<std::size_t>(host_->app().limits.stream_quantum, UINT32_MAX));
  send_budget_ = host_->app().limits.send_buffer / 2;
  burst_bytes_ = turn_bytes;
  counted_items_ = burst_items_;
  counted_bytes_ = burst_bytes_;
  return true;
}

/// Adds to the outcome what was sent since it was last added to.
void call::count_burst() noexcept {
  outcome_.items_out += counted_items_ - burst_items_;
  outcome_.bytes_out += static_cast<std::uint64_t>(counted_bytes_ - burst_bytes_);
  counted_items_ = burst_items_;
  counted_bytes_ = burst_bytes_;
}

/// The stream looks at its budget before its next item.
void call::end_burst() noexcept {
  count_burst();
  burst_bytes_ = counted_bytes_ = 0;
}

std::size_t call::emit(response_type type, bool with_data, bool with_trailing) {
  open_message m{*port_};
  wire::writer& w = m.to();
  wire::begin_response(w, seq_);
  if (with_data) {
    exchange_->encode(w);
  } else {
    w.nil();
  }
  write_tail(w, type, with_trailing);
  const std::size_t size = m.size();
  if (w.out().size() > send_budget_) end_burst();
  m.end();
  sent_message_ = true;
  if (leading_state_ == leading_state::set) leading_state_ = leading_state::sent;
  return size;
}

bool call::emit_item() {
  try {
    burst_bytes_ -= static_cast<std::int64_t>(emit(response_type::message, true, false));
    if (burst_items_ > 0) --burst_items_;
    return true;
  } catch (...) {
    fail_item();
    return false;
  }
}

void call::fail_item() {
  settle_exception(std::current_exception());
  stop_handler();
}

bool call::put(wait& w, std::coroutine_handle<> h) {
  if (final_) return false;
  const request_hooks& hooks = handler_->hooks;
  if (hooks.before_response_message.empty() && (leading_hooks_ran_ || hooks.before_leading_metadata.empty()))
    return emit_or_wait(w, h);
  emitting_ = run_item_hooks();
  if (!emitting_.start_nested(
          *this, [](void* self) { static_cast<call*>(self)->item_hooks_done(); }, this)) {
    suspend(w, h);
    pending_yield_ = &w;
    return true;
  }
  emitting_.take(); // throws at the co_yield what a hook threw
  return final_ ? false : emit_or_wait(w, h);
}

bool call::emit_or_wait(wait& w, std::coroutine_handle<> h) {
  if (can_emit()) {
    emit_item();
    return false;
  }
  suspend(w, h);
  pending_yield_ = &w;
  if (host_->writable()) {
    host_->wait_turn(*this);
  } else {
    host_->wait_writable(*this);
  }
  return true;
}

void call::emit_pending() {
  if (final_ || pending_yield_ == nullptr) return;
  if (!can_emit()) {
    if (host_->writable()) {
      host_->wait_turn(*this);
    } else {
      host_->wait_writable(*this);
    }
    return;
  }
  wait& w = *std::exchange(pending_yield_, nullptr);
  if (emit_item()) wake(w); // otherwise the request may be over already, and w gone
}

void call::on_turn() { emit_pending(); }

void call::item_hooks_done() {
  if (final_ || pending_yield_ == nullptr) return;
  if (!emitting_.failed()) return emit_pending();
  try {
    emitting_.take();
  } catch (...) {
    settle_exception(std::current_exception());
    stop_handler();
  }
}

task<void> call::run_item_hooks() {
  if (!leading_hooks_ran_) co_await run_leading_hooks();
  any_message m = exchange_->outgoing();
  co_await run_hooks(handler_->hooks.before_response_message, context_, m);
}

task<void> call::run_leading_hooks() {
  leading_hooks_ran_ = true;
  if (handler_->hooks.before_leading_metadata.empty()) co_return;
  metadata& leading = kept_metadata().leading;
  co_await run_hooks(handler_->hooks.before_leading_metadata, context_, leading);
  if (!leading.empty() && leading_state_ == leading_state::none) leading_state_ = leading_state::set;
}

void call::write_metadata(wire::writer& w, response_type type, bool with_trailing) {
  w.unsigned_integer(static_cast<std::uint64_t>(type));
  if (leading_state_ == leading_state::set && !metadata_->leading.empty()) {
    metadata_->leading.encode(w);
  } else {
    w.nil();
  }
  if (with_trailing && !metadata_->trailing.empty()) {
    metadata_->trailing.encode(w);
  } else {
    w.nil();
  }
}

void call::send_error(const error& e) {
  final_ = true;
  end_as(outcome::kind::error, e.code);
  log_answer(e);
  open_message m{*port_};
  wire::write_error(m.to(), seq_, e);
  outcome_.bytes_out += m.size();
  m.end();
}

void call::set_leading(metadata m) {
  if (leading_state_ == leading_state::sent || sent_message_)
    throw std::logic_error("leading metadata after the first message");
  kept_metadata().leading = std::move(m);
  leading_state_ = leading_state::set;
}

task<void> call::send_leading(metadata m) {
  set_leading(std::move(m));
  if (!leading_hooks_ran_) co_await run_leading_hooks();
  if (final_) throw cancelled{};
  outcome_.bytes_out += emit(response_type::metadata, false, false);
  leading_state_ = leading_state::sent;
}

} // namespace swill::detail
