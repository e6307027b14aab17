#include "libswill/api/detail/call.hpp"

// How the messages of a client reach a handler: at once when nothing is in the way, else through a pump, one after the other.

namespace swill::detail {

void call::decode(bytes_view data) {
  if (handler_->options.message_size != 0 && data.size() > handler_->options.message_size) {
    throw error{error_code::too_large, "Message too large for this handler"};
  }
  std::optional<error> failure;
  if (!exchange_->decode(data, host_->app().limits, failure)) throw std::move(*failure);
}

bool call::take(bytes_view data) {
  try {
    decode(data);
  } catch (...) {
    settle_exception(std::current_exception());
    stop_handler();
    return false;
  }
  if (exchange_->deliver(data.size(), host_->app().limits)) return !final_;
  fail(error{error_code::too_many_requests, "Too many items wait for the handler",
             value::map({{"retry_after_ms", host_->app().limits.retry_after.count()}})});
  return false;
}

bool call::queue_raw(bytes_view data) {
  const limits& l = host_->app().limits;
  if (raw_items_.size() >= l.queued_items ||
      (!raw_items_.empty() && raw_items_.queued_bytes() + data.size() > l.queued_bytes)) {
    fail(error{error_code::too_many_requests, "Too many items wait for the handler",
               value::map({{"retry_after_ms", l.retry_after.count()}})});
    return false;
  }
  raw_items_.push(bytes(data.begin(), data.end()));
  return true;
}

void call::begin_input() {
  input_ready_ = true;
  if (handler_->hooks.has_input()) {
    if (has_opening_) raw_items_.push_front(std::move(opening_copy_));
    pump_ = pump();
    pump_.start_nested(*this, nullptr, nullptr);
    return;
  }
  if (has_opening_ && !take(opening_)) return;
  while (!raw_items_.empty()) {
    if (!take(raw_items_.pop())) return;
  }
  if (half_closed_) exchange_->close_input();
}

void call::on_item(bytes_view data) {
  if (final_ || half_closed_) return;
  if (input_ready_ && !handler_->hooks.has_input()) {
    take(data);
    return;
  }
  if (!queue_raw(data)) return;
  if (input_ready_ && (!pump_ || pump_.done())) {
    pump_ = pump();
    pump_.start(*this);
  }
}

void call::on_end_of_stream() {
  if (final_ || half_closed_) return;
  half_closed_ = true;
  if (!handler_->request_streams || !input_ready_) return;
  if (!pump_ || (pump_.done() && raw_items_.empty())) exchange_->close_input();
}

task<void> call::pump() {
  std::exception_ptr failure;
  try {
    while (!raw_items_.empty() && !final_) {
      bytes data = raw_items_.pop();
      const std::size_t size = data.size();
      if (!handler_->hooks.before_request_data.empty())
        co_await run_hooks(handler_->hooks.before_request_data, context_, data);
      if (final_) co_return;
      decode(data);
      if (!handler_->hooks.before_request_message.empty()) {
        any_message m = exchange_->incoming();
        co_await run_hooks(handler_->hooks.before_request_message, context_, m);
      }
      if (final_) co_return;
      if (!exchange_->deliver(size, host_->app().limits)) {
        throw error{error_code::too_many_requests, "Too many items wait for the handler",
                    value::map({{"retry_after_ms", host_->app().limits.retry_after.count()}})};
      }
    }
    if (half_closed_ && !final_) exchange_->close_input();
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure || final_) co_return;
  settle_exception(failure);
  stop_handler();
}

} // namespace swill::detail
