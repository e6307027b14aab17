#include "libswill/base/await.hpp"

#include <algorithm>

namespace swill::detail {

void moment::enter(wait& w) {
  waiter_ = &w;
  swill::loop& l = w.owner()->loop();
  l.set_timer(*this, l.now() + std::max(from_now_, clock_duration::zero()));
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
