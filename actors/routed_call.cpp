#include "actors/routed_call.hpp"

#include "actors/ask.hpp"
#include "actors/runtime.hpp"
#include "actors/spawned.hpp"

namespace swill::actors {

void routed_call::own_scope::offload(std::shared_ptr<pool_job> job) {
  call_.home().server->offload(std::move(job), nullptr, loop(), call_.name());
}

void routed_call::start(task<caf::message> t, std::function<void()> done) {
  main_ = std::move(t);
  done_ = std::move(done);
  main_.start(scope_);
}

void routed_call::finish_if_done() {
  if (!main_ || !main_.done()) return;
  caf::message answer;
  try {
    answer = main_.take();
    if (before_) before_->note();
  } catch (const error& e) {
    answer = caf::make_message(to_caf(named(e)));
  } catch (const cancelled&) {
    answer = caf::make_message(to_caf(errors::unavailable("The server stops")));
  } catch (...) {
    answer = caf::make_message(error_of(std::current_exception()));
  }
  main_ = {};
  if (asks_ && id_.is_request()) asks_->enqueue(nullptr, id_.response_id(), std::move(answer), context());
  asks_ = nullptr;
  home().dispose_later(caf::strong_actor_ptr{ctrl()});
  quit();
  const auto done = std::move(done_);
  done();
}

/// When its time is over, all that wait for it end at about the same time, and are to name it as well.
error routed_call::named(error e) const {
  if (chain_ == nullptr) return e;
  if (before_ && !e.is(error_code::deadline_exceeded)) before_->note();
  return chain_->named(std::move(e));
}

} // namespace swill::actors
