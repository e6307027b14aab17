#include "libswill/api/serving/call.hpp"

// Items of a streaming response: their hooks, and waiting until the output takes more.

namespace swill::detail {

bool call::put(wait& w, std::coroutine_handle<> h) {
  if (is_final()) return false;
  if (!leading_hooks_wait_ && handler_->hooks.before_response_message.empty()) return emit_or_wait(w, h);
  emitting_ = run_item_hooks();
  if (!emitting_.start_nested(
          *this, [](void* self) { static_cast<call*>(self)->item_hooks_done(); }, this)) {
    suspend(w, h);
    pending_yield_ = &w;
    return true;
  }
  emitting_.take(); // throws at the co_yield what a hook threw
  return is_final() ? false : emit_or_wait(w, h);
}

/// False when it could not be sent: then the request is over.
bool call::emit_item() {
  try {
    output_.send_item(*exchange_);
    return true;
  } catch (...) {
    fail_by(std::current_exception());
    return false;
  }
}

void call::wait_to_send() {
  if (output_.has_room(limits())) {
    around_->turns.push(*this);
  } else {
    around_->waiting.push(*this);
  }
}

bool call::emit_or_wait(wait& w, std::coroutine_handle<> h) {
  if (output_.may_send(limits(), around_->turns.turn())) {
    emit_item();
    return false;
  }
  suspend(w, h);
  pending_yield_ = &w;
  wait_to_send();
  return true;
}

void call::emit_pending() {
  if (is_final() || pending_yield_ == nullptr) return;
  if (!output_.may_send(limits(), around_->turns.turn())) return wait_to_send();
  wait& w = *std::exchange(pending_yield_, nullptr);
  if (emit_item()) wake(w); // otherwise the request may be over already, and w gone
}

void call::item_hooks_done() {
  if (is_final() || pending_yield_ == nullptr) return;
  if (!emitting_.failed()) return emit_pending();
  try {
    emitting_.take();
  } catch (...) {
    fail_by(std::current_exception());
  }
}

task<void> call::run_item_hooks() {
  if (leading_hooks_wait_) co_await run_leading_hooks();
  any_message m = exchange_->outgoing();
  co_await run_hooks(handler_->hooks.before_response_message, context_, m);
}

task<void> call::run_leading_hooks() {
  leading_hooks_wait_ = false;
  co_await run_hooks(handler_->hooks.before_leading_metadata, context_, output_.leading());
  output_.note_leading();
}

task<void> call::send_leading(metadata m) {
  set_leading(std::move(m));
  if (leading_hooks_wait_) co_await run_leading_hooks();
  if (is_final()) throw cancelled{};
  output_.send(wire::response_type::metadata, nullptr, false);
}

} // namespace swill::detail
