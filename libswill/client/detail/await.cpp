#include "libswill/client/detail/await.hpp"

#include <stdexcept>

namespace swill::client_detail {

namespace {

void only_one(const wait_slot& s) {
  if (s.is_taken()) throw std::logic_error("two coroutines wait for the same side of one call");
}

} // namespace

bool response_input::is_ready() const {
  if (call_.has_item() || call_.ended() || (until_ == until::begun && call_.has_begun())) return true;
  only_one(call_.reader);
  return false;
}

void response_input::enter(wait& w) noexcept {
  call_.reader.enter(w);
  call_.reader_wants_items = until_ == until::item;
}

bool output_room::is_ready() const {
  if (!call_.owner()->is_congested() || call_.ended()) return true;
  only_one(call_.writer);
  return false;
}

void output_room::enter(wait& w) {
  waits_ = true;
  call_.writer.enter(w);
  call_.owner()->wait_for_room(w);
}

void output_room::leave(wait& w) noexcept {
  if (!std::exchange(waits_, false)) return;
  call_.writer.leave(w);
  call_.owner()->forget(w);
}

bool occurrence::is_ready() const {
  return connection_->closed() != nullptr || (kind_ == kind::settled && connection_->is_settled());
}

void occurrence::enter(wait& w) {
  switch (kind_) {
    case kind::settled: return connection_->wait_for_settled(w);
    case kind::over: return connection_->wait_for_end(w);
    case kind::pong: return connection_->ping(w);
  }
}

} // namespace swill::client_detail
