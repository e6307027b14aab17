#include "actors/handle_actor.hpp"

#include <algorithm>

namespace swill::actors {

namespace {
/// Of an actor whose handler and client name no time.
constexpr std::chrono::seconds default_time{30};
} // namespace

std::optional<clock_time> end_of(const actor_question& q, context& c) {
  if (!q.timeout && c.deadline()) return std::nullopt;
  const std::chrono::milliseconds time = q.timeout.value_or(default_time);
  if (time.count() <= 0) return std::nullopt;
  return c.call().loop().now() + detail::within_the_clock(time);
}

std::chrono::milliseconds time_until(std::optional<clock_time> end, context& c) {
  using std::chrono::milliseconds;
  if (!end) return milliseconds{0};
  return std::max(std::chrono::ceil<milliseconds>(*end - c.call().loop().now()), milliseconds{1});
}

void tell_cancelled(const caf::strong_actor_ptr& to, request_id id) {
  // Nobody's mail: who does not know the message must not end its sender.
  caf::anon_send(caf::actor_cast<caf::actor>(to), cancel_atom::value, id);
}

} // namespace swill::actors
