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
  if (is_stopped_) return;
  try {
    loop_.set_timer(looks_, loop_.now() + look_after);
  } catch (const std::bad_alloc&) {
    return; // the next change tries again
  }
}

void memory_return::look() {
  if (most_ - kept_ < worth_it) return;
  most_ = kept_;
  give_back_memory(loop_);
}

} // namespace swill::transport::detail
