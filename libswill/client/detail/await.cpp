#include "libswill/client/detail/await.hpp"

namespace swill::client_detail {

namespace {

void only_one(const wait* w) {
  if (w != nullptr) throw std::logic_error("two coroutines wait for the same side of one call");
}

} // namespace

bool reader_awaiter::suspend(scope& s, std::coroutine_handle<> h) {
  scope_ = &s;
  const bool there = call_.has_item() || call_.ended() || (until_ == until::begun && call_.has_begun());
  if (s.is_cancelled() || there) return false;
  only_one(call_.reader);
  s.suspend(*this, h);
  call_.reader = this;
  call_.reader_wants_items = until_ == until::item;
  return true;
}

bool room_awaiter::suspend(scope& s, std::coroutine_handle<> h) {
  scope_ = &s;
  if (s.is_cancelled() || !call_.owner()->is_congested() || call_.ended()) return false;
  only_one(call_.writer);
  s.suspend(*this, h);
  call_.writer = this;
  call_.owner()->wait_for_room(*this);
  return true;
}

void room_awaiter::leave() noexcept {
  if (call_.writer != this) return;
  call_.writer = nullptr;
  call_.owner()->forget(*this);
}

bool connection_awaiter::suspend(scope& s, std::coroutine_handle<> h) {
  scope_ = &s;
  if (s.is_cancelled() || connection_->closed() != nullptr) return false;
  if (until_ == until::settled && connection_->is_settled()) return false;
  s.suspend(*this, h);
  switch (until_) {
    case until::settled: connection_->wait_for_settled(*this); break;
    case until::over: connection_->wait_for_end(*this); break;
    case until::pong: connection_->ping(*this); break;
  }
  return true;
}

} // namespace swill::client_detail
