#include "actors/handle_actor.hpp"

#include "actors/request_actor.hpp"

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

std::optional<clock_time> end_of(const actor_question& q, const call_info& caller, swill::loop& here) {
  if (!q.timeout && caller.deadline) return caller.deadline;
  const std::chrono::milliseconds time = q.timeout.value_or(default_time);
  if (time.count() <= 0) return caller.deadline;
  const clock_time end = here.now() + detail::within_the_clock(time);
  return caller.deadline ? std::min(*caller.deadline, end) : end;
}

std::chrono::milliseconds time_until(std::optional<clock_time> end, context& c) {
  return time_until(end, c.call().loop());
}

std::chrono::milliseconds time_until(std::optional<clock_time> end, swill::loop& here) {
  using std::chrono::milliseconds;
  if (!end) return milliseconds{0};
  return std::max(std::chrono::ceil<milliseconds>(*end - here.now()), milliseconds{1});
}

void join_chain(const roster& who, call_info& caller, routed_call& by) {
  if (!who.is_serial()) return;
  const auto before = caller.chain;
  caller.chain = call_chain::extended(before, chain_name(caller.rpc, caller.key));
  by.set_chain(caller.chain, before);
}

void leave(const assignment& a, context& c) {
  if (auto* sender = static_cast<request_call&>(c.call()).actor; sender != nullptr) sender->keep(a.leave());
}

void tell_cancelled(const caf::strong_actor_ptr& to, request_id id) {
  // Nobody's mail: who does not know the message must not end its sender.
  caf::anon_send(caf::actor_cast<caf::actor>(to), cancel_atom::value, id);
}

} // namespace swill::actors
