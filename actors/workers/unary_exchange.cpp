#include "actors/workers/unary_exchange.hpp"

#include "libswill/api/serving/typed_handler.hpp"
#include "libswill/api/types/codec.hpp"

#include <algorithm>
#include <utility>

namespace swill::actors::workers {

void kept_bytes::assign(bytes_view b) {
  size_ = b.size();
  if (size_ > small_.size()) large_ = std::make_unique_for_overwrite<std::byte[]>(size_);
  std::copy(b.begin(), b.end(), large_ ? large_.get() : small_.data());
}

unary_exchange::unary_exchange(detail::call& c, std::shared_ptr<const remote_handler> h)
    : remote_call(*h, c), handler_(std::move(h)) {}

// --- The request

bool unary_exchange::decode(bytes_view data, const limits& l, bool is_checked, std::optional<error>& failure) {
  if (!is_checked) return false; // they go on as they are
  if (!handler_->what()->request_schema->check(data, l, failure)) return false;
  data_ = data;
  return !may_suspend() || decode_message(data, l, in_.emplace(), failure); // hooks may have made anything of it
}

any_message unary_exchange::incoming() { return {detail::operations_of<raw>(), &*in_}; }

bool unary_exchange::start(detail::call& c, std::coroutine_handle<> parent) {
  if (in_) data_ = in_->data;
  sent_.assign(data_);
  open(wire::request_type::message, data_);
  c.suspend(waiting_, parent);
  return false;
}

// --- The answer

void unary_exchange::received(const wire::response_envelope& e) {
  context& to = call().context();
  try {
    if (e.type == wire::response_type::metadata) {
      if (std::exchange(has_leading_, true)) return;
      is_sending_ = true;
      sending_ = send_leading(metadata_in(e.leading).value_or(metadata{}));
      return sending_.start(call());
    }
    if (e.type == wire::response_type::error) {
      failure_ = std::make_exception_ptr(error_in(e.data));
      return resume();
    }
    if (!e.leading.empty() && !has_leading_) to.set_leading(metadata_in(e.leading).value_or(metadata{}));
    if (!e.trailing.empty()) set_trailing(to, metadata_in(e.trailing));
    is_answered_ = true;
    answer_ = e.data;
    if (is_sending_ || may_suspend()) out_.emplace(raw{bytes(e.data.begin(), e.data.end())});
  } catch (...) {
    failure_ = std::current_exception();
  }
  resume();
}

task<void> unary_exchange::send_leading(metadata m) {
  try {
    co_await call().context().send_leading(std::move(m));
  } catch (...) {
    failure_ = std::current_exception();
  }
  is_sending_ = false;
  if (failure_ || is_answered_) resume();
}

void unary_exchange::gone() {
  try {
    may_open_again(*this, attempts_, has_leading_);
    return open(wire::request_type::message, sent_.view());
  } catch (...) {
    failure_ = std::current_exception();
  }
  resume();
}

void unary_exchange::resume() {
  if (!is_sending_) call().wake(waiting_); // may destroy this
}

void unary_exchange::finish() {
  if (call().is_cancelled()) throw cancelled{};
  if (failure_) std::rethrow_exception(failure_);
}

any_message unary_exchange::outgoing() { return {detail::operations_of<raw>(), &*out_}; }

void unary_exchange::encode(wire::writer& out) {
  if (out_) {
    encode_message(out, *out_);
  } else {
    out.raw(answer_);
  }
}

} // namespace swill::actors::workers
