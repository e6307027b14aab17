#include "actors/handle_actor.hpp"

#include <algorithm>

namespace swill::actors {

namespace {
/// Of an actor whose handler and client name no time.
constexpr std::chrono::seconds default_time{30};
} // namespace

std::chrono::milliseconds time_for(const actor_question& q, context& c) {
  if (q.timeout) return *q.timeout;
  return c.deadline() ? std::chrono::milliseconds{0} : default_time;
}

std::optional<clock_time> end_of(std::chrono::milliseconds time, context& c) {
  const std::optional<clock_time> deadline = c.deadline();
  if (time.count() <= 0) return deadline;
  const clock_time end = c.call().loop().now() + detail::within_the_clock(time);
  return deadline ? std::min(*deadline, end) : end;
}

void tell_cancelled(const actor_question& q, request_id id) {
  if (q.to == nullptr) return;
  // Nobody's mail: who does not know the message must not end its sender.
  caf::anon_send(caf::actor_cast<caf::actor>(q.to), cancel_atom::value, id);
}

} // namespace swill::actors
