#include "libswill/base/await.hpp"

#include <algorithm>

namespace swill::detail {

bool sleep_awaiter::suspend(scope& s, std::coroutine_handle<> h) {
  scope_ = &s;
  if (s.is_cancelled()) return false;
  s.suspend(*this, h);
  s.loop().set_timer(*this, s.loop().now() + std::max(duration_, clock_duration::zero()));
  return true;
}

void sleep_awaiter::on_timer() { scope_->wake(*this); }

void sleep_awaiter::await_resume() {
  timer::cancel();
  if (scope_->is_cancelled()) throw cancelled{};
}

void offloaded::run() noexcept {
  try {
    call();
  } catch (...) {
    exception.capture();
  }
}

void offloaded::on_done() {
  if (waiter != nullptr && waiter->is_linked()) waiter->owner()->wake(*waiter);
}

} // namespace swill::detail
