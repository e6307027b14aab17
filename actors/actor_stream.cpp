#include "actors/actor_stream.hpp"

#include <algorithm>

namespace swill::actors {

namespace {

/// It has a behaviour, and has not begun to end. Whoever waits for one that ends is told of that.
bool lives_on(const caf::local_actor& a) {
  const auto* scheduled = dynamic_cast<const caf::scheduled_actor*>(&a);
  return a.ctrl()->strong_refs > 0 && (scheduled == nullptr || scheduled->has_behavior());
}

} // namespace

bool actor_stream::send_item(caf::mailbox_element_ptr item) {
  if (!is_open || ends) return false;
  if (free_room() > 0) {
    --room;
    request->enqueue(std::move(item), self->context());
    return true;
  }
  if (waiting.size() >= window) return false;
  waiting.push_back(std::move(item));
  return true;
}

void actor_stream::end() {
  if (!is_open) return;
  ends = true;
  if (!waiting.empty()) return;
  post(end_atom::value);
  close();
}

void actor_stream::close() {
  is_open = false;
  waiting.clear();
  drop_functions();
  if (const auto all = streams.lock()) all->erase(request);
}

void actor_stream::drop_functions() {
  when_room = nullptr;
  when_cancelled = nullptr;
  when_ended = nullptr;
  item = nullptr;
}

void actor_stream::on_let_go() {
  if (!is_open || ends || when_room || tells_room || answers_at_end || !lives_on(*self)) return;
  post(drop_atom::value);
  close();
}

// With the actor, or because another behaviour takes the place of this.
actor_streams::~actor_streams() {
  for (const auto& [request, s] : *this) {
    if (lives_on(*s->self)) s->post(drop_atom::value);
    s->is_open = false;
    s->drop_functions();
  }
}

void actor_stream::fail(const error& e) {
  if (!is_open) return;
  post(fail_atom::value, e.code, e.message);
  close();
}

void actor_stream::on_credit(std::uint32_t n) {
  room += n;
  for (; room > 0 && !waiting.empty(); --room) {
    request->enqueue(std::move(waiting.front()), self->context());
    waiting.pop_front();
  }
  if (ends) return end();
  if (free_room() > 0) tell_room();
}

/// What it calls may set another function, and may end the stream.
void actor_stream::tell_room() {
  auto f = std::exchange(when_room, nullptr);
  if (!f) return;
  tells_room = true;
  f();
  tells_room = false;
  if (is_open && !when_room) when_room = std::move(f);
}

void actor_stream::on_cancel() {
  const auto f = std::exchange(when_cancelled, nullptr);
  close();
  if (f) f();
}

void actor_stream::on_item(void* one) {
  const auto all = streams.lock();
  const auto held = all->at(request); // what is called may end it
  auto f = std::exchange(item, nullptr);
  if (f) f(one);
  if (is_open && !item) item = std::move(f);
  grant();
}

void actor_stream::grant() {
  if (++taken < std::max<std::uint32_t>(window / 2, 1) || !is_open) return;
  post(credit_atom::value, std::exchange(taken, 0));
}

caf::message_handler stream_messages(std::shared_ptr<actor_streams> all) {
  const auto find = [all = std::move(all)](const caf::actor& request) {
    const auto at = all->find(request);
    return at == all->end() ? nullptr : at->second; // held while it is told
  };
  return {[find](credit_atom, const caf::actor& request, std::uint32_t n) {
            if (const auto s = find(request)) s->on_credit(n);
          },
          [find](end_atom, const caf::actor& request) {
            const auto s = find(request);
            const auto f = s ? std::exchange(s->when_ended, nullptr) : nullptr;
            if (f) f();
          },
          [find](cancel_atom, const caf::actor& request) {
            if (const auto s = find(request)) s->on_cancel();
          }};
}

} // namespace swill::actors
