#include "pubsub/detail/hub.hpp"

namespace swill::detail {

void hub::on_exit() { broker_ = nullptr; }

bool hub::on_mail(caf::mailbox_element& element) {
  auto& content = element.content();
  if (content.match_elements<publication_ptr>()) {
    deliver(content.get_as<publication_ptr>(0));
  } else if (content.match_elements<join_reply>()) {
    on_reply(content.get_mutable_as<join_reply>(0));
  } else {
    return false;
  }
  return true;
}

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
  caf::anon_send(caf::actor_cast<caf::actor>(broker_), join_order{number_, m.token, m.topic(), since, again});
}

void hub::on_reply(join_reply& r) {
  const auto it = joining_.find(r.token);
  if (it == joining_.end()) return; // has left
  membership& m = *it->second;
  joining_.erase(it);
  m.token = 0;
  m.on_joined(std::move(r.how));
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
  if (broker_) caf::anon_send(caf::actor_cast<caf::actor>(broker_), leave_order{number_, t.name});
  const std::string name = std::move(t.name);
  topics_.erase(name);
  if (topics_.size() * 8 < topics_.bucket_count()) topics_.rehash(0);
}

} // namespace swill::detail
