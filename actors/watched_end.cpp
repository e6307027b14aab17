#include "actors/watched_end.hpp"

#include "actors/loop_actor.hpp"

namespace swill::actors {

void watched_end::add(watcher& w, loop_actor& self) {
  const std::lock_guard lock{mutex_};
  w.self_ = &self;
  w.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &w;
  first_ = &w;
  if (news_) send_to(self);
}

void watched_end::remove(watcher& w) noexcept {
  const std::lock_guard lock{mutex_};
  (w.previous_ != nullptr ? w.previous_->next_ : first_) = w.next_;
  if (w.next_ != nullptr) w.next_->previous_ = w.previous_;
  w.self_ = nullptr;
  w.previous_ = w.next_ = nullptr;
}

void watched_end::tell(const caf::actor_addr& who, const caf::error& why) {
  const std::lock_guard lock{mutex_};
  news_.emplace(caf::down_msg{who, why});
  for (const watcher* w = first_; w != nullptr; w = w->next_) send_to(*w->self_);
}

void watched_end::send_to(loop_actor& self) const {
  self.enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, *news_), nullptr);
}

} // namespace swill::actors
