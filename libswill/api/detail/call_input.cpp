#include "libswill/api/detail/call.hpp"

#include "libswill/api/detail/typed_handler.hpp"

#include <algorithm>
#include <limits>

// How the messages of a client reach a handler: at once when nothing is in the way, else through a pump, one after the other.

namespace swill::detail {

// --- Decoding

/// [any thread]; not twice at a time.
void call::decode(bytes_view data, std::size_t values) {
  std::optional<error> failure = size_problem(*handler_, data, values, *limits_);
  if (!failure && exchange_->decode(data, *limits_, failure)) {
    ++items_seen_;
    return;
  }
  throw located(std::move(*failure));
}

/// The same error, and which item of the stream it is about.
error call::located(error e) const {
  if (!handler_->request_streams) return e;
  if (!e.is(error_code::validation_error)) {
    if (e.data.is_nil()) e.data = value::map({{"item", items_seen_}});
    return e;
  }
  // Clients of all ages look for the problems of an item where those of a message are, so this shape is for who asks for it.
  wire::reader at{borrowed_metadata_};
  bool wanted = false;
  if (!find_metadata(borrowed_metadata_, "item_index", limits_->nesting, at) || !at.read_bool(wanted) || !wanted)
    return e;
  const value* whole = e.data.find("*");
  const bool is_struct = whole == nullptr || e.data.get_if<value_map>()->size() != 1;
  value problem = value::map({{"index", items_seen_}});
  problem.set("errors", is_struct ? value::array({std::move(e.data)}) : value{*whole});
  e.data = value::map({});
  e.data.set("*", value::array({std::move(problem)}));
  return e;
}

/// A message that is decoded on the worker pool, in its connection's turn. Nothing interrupts that once it has begun: whatever happens to the
/// request meanwhile, its coroutine goes on after it.
struct call::pool_decoding {
  call& c;
  bytes_view data;
  std::size_t values;
  nothing operator()() const {
    c.decode(data, values);
    return {};
  }
};

task<void> call::decode_on_pool(bytes_view data, std::size_t values) {
  if (is_cancelled()) throw cancelled{};
  blocking_awaiter<pool_decoding> decoded{pool_decoding{*this, data, values}, stop_token()};
  decoding_ = true;
  try {
    co_await decoded;
  } catch (...) {
    decoding_ = false;
    throw;
  }
  decoding_ = false;
}

// --- What waits

/// Waits until the handler has taken about half of what waits for it.
struct call::input_room {
  call& c;
  bool is_ready() const noexcept { return !c.is_crowded(); }
  void enter(wait& w) noexcept {
    c.pump_room_.enter(w);
    c.settle_input();
  }
  void leave(const wait& w) noexcept { c.pump_room_.leave(w); }
  void take() const noexcept {}
};

void call::settle_input() {
  constexpr std::size_t worth_telling = 4096;
  const std::size_t held = gauge_.held();
  if (held >= reported_ + worth_telling || held + worth_telling <= reported_ || (held == 0 && reported_ != 0)) {
    host_->on_held(static_cast<std::ptrdiff_t>(held) - static_cast<std::ptrdiff_t>(reported_));
    reported_ = held;
  }
  if (is_full_ ? held <= queue_limit_ / 2 : held > queue_limit_) {
    is_full_ = !is_full_;
    host_->pause_reading(is_full_);
  }
  const bool is_awaited = pump_room_.is_taken();
  const bool has_room = is_awaited && exchange_->queued().held <= queue_limit_ / 2;
  constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
  gauge_.low = reported_ > worth_telling ? reported_ - worth_telling + 1 : reported_ != 0 ? 1 : 0;
  gauge_.high = reported_ + worth_telling;
  if (is_full_) {
    gauge_.low = std::max(gauge_.low, queue_limit_ / 2 + 1);
  } else if (queue_limit_ != never) {
    gauge_.high = std::min(gauge_.high, queue_limit_ + 1);
  }
  if (is_awaited && !has_room) gauge_.low = never; // it wants to know of each that is taken
  if (has_room) pump_room_.wake();                 // last: the pump hands over what it has
}

/// The request is over: what still comes is dropped.
void call::release_input() {
  queue_limit_ = std::numeric_limits<std::size_t>::max();
  if (std::exchange(is_full_, false)) host_->pause_reading(false);
}

void call::push_raw(bytes_view data, std::size_t values) {
  raw_item item{bytes(data.begin(), data.end()), values};
  const std::size_t takes = item.takes();
  raw_bytes_ += data.size();
  raw_items_.push(std::move(item));
  gauge_.add(takes);
}

// --- The way to the handler

void call::take(bytes_view data, std::size_t values) {
  try {
    decode(data, values);
  } catch (...) {
    settle_exception(std::current_exception());
    stop_handler();
    return;
  }
  exchange_->deliver(data.size());
}

void call::begin_input() {
  input_ready_ = true;
  if (has_opening_) take(opening_, opening_values_);
  if (final_) return;
  if (!raw_items_.empty()) {
    pump_ = pump();
    pump_.start_nested(*this, nullptr, nullptr);
  } else if (half_closed_) {
    exchange_->close_input();
  }
}

void call::on_item(bytes_view data, std::size_t values) {
  if (final_ || half_closed_) return;
  outcome_.bytes_in += data.size();
  if (input_ready_ && !is_pumping() && !is_heavy(values) && !handler_->hooks.has_input()) return take(data, values);
  push_raw(data, values);
  if (!input_ready_ || is_pumping()) return;
  pump_ = pump();
  pump_.start(*this);
}

void call::on_end_of_stream() {
  if (final_ || half_closed_) return;
  half_closed_ = true;
  if (!handler_->request_streams || !input_ready_) return;
  if (!is_pumping()) exchange_->close_input();
}

task<void> call::pump() {
  std::exception_ptr failure;
  try {
    while (!raw_items_.empty() && !final_) {
      // Items decoded may be many times as large: not all at once.
      if (is_crowded()) co_await awaiting<input_room>{*this};
      if (final_) co_return;
      raw_item item = raw_items_.pop();
      bytes& data = item.data;
      const std::size_t size = data.size();
      raw_bytes_ -= size;
      gauge_.take(item.takes());
      if (!handler_->hooks.before_request_data.empty())
        co_await run_hooks(handler_->hooks.before_request_data, context_, data);
      if (final_) co_return;
      if (is_heavy(item.values)) {
        co_await decode_on_pool(data, item.values);
      } else {
        decode(data, item.values);
      }
      if (final_) co_return;
      if (!handler_->hooks.before_request_message.empty()) {
        any_message m = exchange_->incoming();
        co_await run_hooks(handler_->hooks.before_request_message, context_, m);
      }
      if (final_) co_return;
      exchange_->deliver(size);
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
