#include "libswill/api/serving/call_input.hpp"

#include "libswill/api/serving/call.hpp"

#include <algorithm>
#include <limits>

namespace swill::detail {

namespace {
constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
/// Changes of what is held that the port is told of.
constexpr std::size_t worth_telling = 4096;
} // namespace

call_input::call_input(call& c, bool ended)
    : input_gauge(c.around().port->counts_items()), call_(c), half_closed_(ended) {
  const std::size_t own = c.target().options.queued_bytes;
  limit_ = own != 0 ? own : c.limits().queued_bytes;
  settle();
}

call_input::~call_input() {
  release();
  report(0);
}

// --- What waits

/// Waits until the handler has taken about half of what waits for it.
struct call_input::room {
  call_input& in;
  bool is_ready() const noexcept { return !in.is_crowded(); }
  void enter(wait& w) noexcept {
    in.room_.enter(w);
    in.settle();
  }
  void leave(const wait& w) noexcept { in.room_.leave(w); }
  void take() const noexcept {}
};

void call_input::on_item_taken() { call_.around().on_item_taken(call_.seq()); }

bool call_input::is_crowded() const { return call_.messages().queued().held > limit_; }

void call_input::report(std::size_t held) {
  if (held != reported_)
    call_.around().on_held(static_cast<std::ptrdiff_t>(held) - static_cast<std::ptrdiff_t>(reported_));
  reported_ = held;
}

void call_input::settle() {
  const std::size_t now = held();
  if (now >= reported_ + worth_telling || now + worth_telling <= reported_ || now == 0) report(now);
  if (is_full_ ? now <= limit_ / 2 : now > limit_) {
    is_full_ = !is_full_;
    call_.around().pause_reading(is_full_);
  }
  const bool is_awaited = room_.is_taken();
  const bool has_room = is_awaited && call_.messages().queued().held <= limit_ / 2;
  low_ = reported_ > worth_telling ? reported_ - worth_telling + 1 : reported_ != 0 ? 1 : 0;
  high_ = reported_ + worth_telling;
  if (is_full_) {
    low_ = std::max(low_, limit_ / 2 + 1);
  } else if (limit_ != never) {
    high_ = std::min(high_, limit_ + 1);
  }
  if (is_awaited && !has_room) low_ = never; // it wants to know of each that is taken
  if (has_room) room_.wake();                // last: the pump hands over what it has
}

void call_input::release() {
  limit_ = never;
  if (std::exchange(is_full_, false)) call_.around().pause_reading(false);
}

void call_input::keep(bytes_view data, std::size_t values) {
  raw_item item{bytes(data.begin(), data.end()), values};
  const std::size_t takes = item.takes();
  raw_bytes_ += data.size();
  raw_items_.push(std::move(item));
  add(takes);
}

// --- The way to the handler

bool call_input::hand_over(bytes_view data, std::size_t values, bool is_checked) {
  try {
    if (!call_.decode(data, values, is_checked)) return false;
  } catch (...) {
    call_.fail_by(std::current_exception());
    return true;
  }
  call_.messages().deliver(data.size());
  return true;
}

void call_input::start(bytes_view opening, std::size_t values) {
  is_ready_ = true;
  if (!opening.empty()) hand_over(opening, values, true);
  if (call_.is_final()) return;
  if (!raw_items_.empty()) {
    pump_ = pump();
    pump_.start_nested(call_, nullptr, nullptr);
  } else if (half_closed_) {
    call_.messages().close_input();
  }
}

bool call_input::on_item(const wire::request_envelope& e) {
  if (half_closed_) return e.is_checked;
  const bool is_direct = is_ready_ && !is_pumping();
  if (is_direct && !call_.is_heavy(e.values) && !call_.target().hooks.has_input())
    return hand_over(e.data, e.values, e.is_checked);
  if (!e.is_checked) return false;
  keep(e.data, e.values);
  if (!is_direct) return true;
  pump_ = pump();
  pump_.start(call_);
  return true;
}

void call_input::on_end_of_stream() {
  if (std::exchange(half_closed_, true) || !is_ready_) return;
  if (!is_pumping()) call_.messages().close_input();
}

task<void> call_input::pump() {
  const request_hooks& hooks = call_.target().hooks;
  std::exception_ptr failure;
  try {
    while (!raw_items_.empty() && !call_.is_final()) {
      // Items decoded may be many times as large: not all at once.
      if (is_crowded()) co_await awaiting<room>{*this};
      if (call_.is_final()) co_return;
      raw_item item = raw_items_.pop();
      bytes& data = item.data;
      const std::size_t size = data.size();
      raw_bytes_ -= size;
      take(item.takes());
      if (!hooks.before_request_data.empty()) co_await run_hooks(hooks.before_request_data, call_.context(), data);
      if (call_.is_final()) co_return;
      if (call_.is_heavy(item.values)) {
        co_await call_.decode_on_pool(data, item.values);
      } else {
        call_.decode(data, item.values);
      }
      if (call_.is_final()) co_return;
      if (!hooks.before_request_message.empty()) {
        any_message m = call_.messages().incoming();
        co_await run_hooks(hooks.before_request_message, call_.context(), m);
      }
      if (call_.is_final()) co_return;
      call_.messages().deliver(size);
    }
    if (half_closed_ && !call_.is_final()) call_.messages().close_input();
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure && !call_.is_final()) call_.fail_by(failure);
}

} // namespace swill::detail
