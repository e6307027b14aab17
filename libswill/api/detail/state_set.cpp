#include "libswill/api/detail/state_set.hpp"

#include <utility>

namespace swill::detail {

state_set::slot* state_set::find(const std::type_info& type) const noexcept {
  for (slot* s = newest_.load(std::memory_order_acquire); s != nullptr; s = s->before) {
    if (s->type == type) return s;
  }
  return nullptr;
}

state_set::slot* state_set::add(slot* made) noexcept {
  made->before = newest_.load(std::memory_order_acquire);
  for (;;) {
    // What others have added since the last look is in front.
    for (slot* s = made->before; s != nullptr; s = s->before) {
      if (s->type != made->type) continue;
      delete made;
      return s;
    }
    if (newest_.compare_exchange_weak(made->before, made, std::memory_order_acq_rel, std::memory_order_acquire))
      return made;
  }
}

void state_set::destroy() noexcept {
  for (slot* s = newest_.exchange(nullptr, std::memory_order_acquire); s != nullptr;)
    delete std::exchange(s, s->before);
}

} // namespace swill::detail
