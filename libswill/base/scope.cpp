#include "libswill/base/scope.hpp"

#include "libswill/base/pool_job.hpp"

namespace swill {

void wait::unlink() noexcept {
  if (scope_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : scope_->first_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  scope_ = nullptr;
  previous_ = next_ = nullptr;
}

scope::~scope() {
  while (first_ != nullptr) first_->unlink();
}

void scope::suspend(wait& w, std::coroutine_handle<> h) noexcept {
  w.scope_ = this;
  w.handle_ = h;
  w.previous_ = nullptr;
  w.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &w;
  first_ = &w;
}

void scope::wake(wait& w) {
  if (!w.is_linked()) return;
  w.unlink();
  run(w.handle_);
}

void scope::run(std::coroutine_handle<> h) {
  enter([h] { h.resume(); });
}

void scope::offload(std::shared_ptr<pool_job> job) {
  swill::loop& home = *loop_;
  home.offload([&home, j = std::move(job)]() mutable {
    const bool begun = j->begin();
    if (begun) j->run();
    home.post([j = std::move(j), begun] { // in any case, so that what the job owns ends here
      if (begun) j->on_done();
    });
  });
}

void scope::cancel() {
  cancelled_ = true;
  if (depth_ == 0) settle();
}

void scope::interrupt() {
  while (cancelled_ && first_ != nullptr) {
    wait& w = *first_;
    w.unlink();
    ++depth_;
    w.handle_.resume();
    --depth_;
  }
}

void scope::settle() {
  interrupt();
  on_idle();
}

} // namespace swill
