#include "pubsub/detail/hub.hpp"

#include "pubsub/detail/broker_actor.hpp"

namespace swill::detail {

void hub::on_exit() { broker_ = nullptr; }

void hub::deliver(const publication_ptr& p) {
  if (!is_alive()) return;
  const auto it = topics_.find(p->topic());
  if (it == topics_.end()) return;
  local_topic& t = *it->second;
  t.busy = true;
  for (std::size_t i = 0; i < t.members.size(); ++i) { // members come and go meanwhile
    if (membership* m = t.members[i]) m->offer(p);
  }
  t.busy = false;
  if (t.has_holes) close_holes(t);
  leave_if_empty(t);
}

void hub::join(membership& m, std::optional<position> since) {
  if (!broker_) return m.on_joined(errors::unavailable("the server is stopping"));
  auto& t = topics_[m.topic()];
  if (!t) t = std::make_unique<local_topic>(local_topic{m.topic(), {}});
  m.place = t.get();
  m.slot = t->members.size();
  t->members.push_back(&m);
  ask(m, since, false);
}

void hub::read_on(membership& m, const position& at) {
  if (broker_) ask(m, at, true); // else the server is stopping, and ends m soon
}

void hub::ask(membership& m, std::optional<position> since, bool again) {
  m.token = ++last_token_;
  joining_.emplace(m.token, &m);
  actors::send_function<broker_actor>(broker_, [o = join_order{number_, m.token, m.topic(), since, again}](
                                                   broker_actor& b) mutable { b.join(std::move(o)); });
}

void hub::on_joined(std::uint64_t token, result<joined> how) {
  const auto it = joining_.find(token);
  if (it == joining_.end()) return; // has left
  membership& m = *it->second;
  joining_.erase(it);
  m.token = 0;
  m.on_joined(std::move(how));
}

void hub::leave(membership& m) noexcept {
  if (m.token != 0) joining_.erase(m.token);
  auto* t = static_cast<local_topic*>(std::exchange(m.place, nullptr));
  if (t == nullptr) return;
  if (t->busy) {
    t->members[m.slot] = nullptr;
    t->has_holes = true;
    return;
  }
  t->members[m.slot] = t->members.back();
  t->members[m.slot]->slot = m.slot;
  t->members.pop_back();
  leave_if_empty(*t);
}

void hub::close_holes(local_topic& t) {
  std::erase(t.members, nullptr);
  for (std::size_t i = 0; i < t.members.size(); ++i) t.members[i]->slot = i;
  t.has_holes = false;
}

void hub::leave_if_empty(local_topic& t) {
  if (!t.members.empty()) return;
  const std::string name = std::move(t.name);
  if (broker_)
    actors::send_function<broker_actor>(broker_, [unit = number_, name](broker_actor& b) { b.leave(unit, name); });
  topics_.erase(name);
  if (topics_.size() * 8 < topics_.bucket_count()) topics_.rehash(0);
}

} // namespace swill::detail
