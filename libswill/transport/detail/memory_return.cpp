#include "libswill/transport/detail/memory_return.hpp"

#include "libswill/base/process.hpp"

#include <chrono>
#include <new>

namespace swill::transport::detail {

namespace {
// Those who come and go in waves use it again.
constexpr std::chrono::seconds look_after{5};
} // namespace

void memory_return::stop() noexcept {
  is_stopped_ = true;
  looks_.cancel();
}

void memory_return::look_soon() noexcept {
  try {
    loop_.post([self = shared_from_this()] {
      if (!self->is_stopped_) self->loop_.set_timer(self->looks_, self->loop_.now() + look_after);
    });
  } catch (const std::bad_alloc&) {
    is_asked_ = false; // the next change tries again
  }
}

void memory_return::look() {
  is_asked_ = false;
  const std::size_t kept = kept_.load(std::memory_order_relaxed);
  if (most_.load(std::memory_order_relaxed) < kept + worth_it) return;
  most_.store(kept, std::memory_order_relaxed);
  give_back_memory(loop_);
}

} // namespace swill::transport::detail
