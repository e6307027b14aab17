#include "actors/lifecycle.hpp"

#include "actors/connection_actor.hpp"
#include "actors/request_actor.hpp"
#include "actors/unit.hpp"

namespace swill::actors {

namespace {

hooks::connection_facts facts_of(const connection& c, bool with_headers) {
  hooks::connection_facts out{.id = c.id(),
                              .user = c.user(),
                              .remote_address = std::string{c.remote_address()},
                              .target = std::string{c.target()},
                              .subprotocol = std::string{c.subprotocol()},
                              .headers = {},
                              .actor = c.actor()};
  if (!with_headers) return out;
  for (const auto& [name, text] : c.headers()) out.headers.emplace_back(name, text);
  return out;
}

call_info facts_of(context& c) { return info_of(c, std::nullopt, {}, 0); }

void apply_user(connection& c, hooks::change& by) {
  if (by.user) c.set_user(std::move(*by.user));
}

/// Before the connection is accepted.
template <class Message>
task<void> ask_before(hook_actor_ptr to, connection& c, std::string_view hook) {
  Message m{facts_of(c, true)};
  hooks::change by = co_await consult(to, std::move(m), hook);
  apply_user(c, by);
  for (const auto& [name, text] : by.response_headers) c.set_response_header(name, text);
}

/// A connection that is open is refused by its end.
task<void> ask_after_accept(hook_actor_ptr to, connection& c) {
  hooks::after_accept m{facts_of(c, false)};
  hooks::change by;
  try {
    by = co_await consult(to, std::move(m), "after_accept");
  } catch (const error& e) {
    constexpr int policy_violation = 1008, try_again_later = 1013;
    const bool is_busy = e.is(error_code::unavailable);
    throw close_connection{e.code >= 1000 ? static_cast<int>(e.code)
                           : is_busy      ? try_again_later
                                          : policy_violation,
                           e.message};
  }
  apply_user(c, by);
}

/// Leading or trailing metadata are about to be sent.
template <class Message>
task<void> ask_about_metadata(hook_actor_ptr to, context& c, metadata& sent, std::string_view hook) {
  Message m{facts_of(c), sent};
  hooks::change by = co_await consult(to, std::move(m), hook);
  if (by.metadata) sent = std::move(*by.metadata);
}

/// A message has come, or is about to be sent.
template <class Message>
task<void> ask_about_message(hook_actor_ptr to, context& c, any_message& message, std::string_view hook) {
  Message m{facts_of(c), message.to_value()};
  hooks::change by = co_await consult(to, std::move(m), hook);
  if (by.message) message.assign(*by.message);
}

} // namespace

hooks::change hook_actor_ref::settle(const ask_base& asked, std::exception_ptr failure, std::string_view hook) const {
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled&) {
    throw;
  } catch (const error&) {
    if (asked.was_refused_by_actor()) throw;
  } catch (...) { // it has thrown, or answered what is none
  }
  if (unit* here = unit::current())
    here->log_limited(hook, {.level = log_level::warning, .text = {}},
                      log_limiter::of_exception(std::string{hook} + (asked.is_unknown_to_actor()
                                                                         ? ": its actor does not take this hook: "
                                                                         : ": its actor has not answered: "),
                                                failure));
  if (options_.on_timeout == hook_outcome::go_on) return {};
  throw errors::unavailable("Nobody decides on this now");
}

void check_hook_actor(const caf::strong_actor_ptr& who, bool is_spawned, const lifecycle_options& o) {
  if (who == nullptr && !is_spawned)
    throw std::invalid_argument("lifecycle: the actor is null; one that lives, or app.spawn(name, f), would be right");
  if (o.timeout.value.count() <= 0) throw std::invalid_argument("lifecycle: hooks wait for some time, at least 1 ms");
  if (is_foreign(who)) throw std::invalid_argument(std::string{"lifecycle: "} + foreign_text);
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_connection>) {
  a.before_connection([to](connection& c) { return ask_before<hooks::before_connection>(to, c, "before_connection"); });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_accept>) {
  a.before_accept([to](connection& c) { return ask_before<hooks::before_accept>(to, c, "before_accept"); });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::after_accept>) {
  a.after_accept([to](connection& c) { return ask_after_accept(to, c); });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::after_connection>) {
  a.after_connection([to](connection& c, const close_reason& why) -> task<void> {
    hooks::after_connection m{facts_of(c, false), why};
    co_await consult(to, std::move(m), "after_connection");
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request>) {
  a.before_request([to](context& c) -> task<void> {
    hooks::before_request m{facts_of(c)};
    hooks::change by = co_await consult(to, std::move(m), "before_request");
    apply_user(c.connection(), by);
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request_metadata>) {
  a.before_request_metadata([to](context& c, metadata& all) -> task<void> {
    hooks::before_request_metadata m{facts_of(c)};
    hooks::change by = co_await consult(to, std::move(m), "before_request_metadata");
    if (by.metadata) all = std::move(*by.metadata);
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request_data>) {
  a.before_request_data([to](context& c, bytes& data) -> task<void> {
    hooks::before_request_data m{facts_of(c), data};
    hooks::change by = co_await consult(to, std::move(m), "before_request_data");
    if (by.data) data = std::move(*by.data);
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request_message>) {
  a.before_request_message([to](context& c, any_message& message) {
    return ask_about_message<hooks::before_request_message>(to, c, message, "before_request_message");
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_leading_metadata>) {
  a.before_leading_metadata([to](context& c, metadata& leading) {
    return ask_about_metadata<hooks::before_leading_metadata>(to, c, leading, "before_leading_metadata");
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_response_message>) {
  a.before_response_message([to](context& c, any_message& message) {
    return ask_about_message<hooks::before_response_message>(to, c, message, "before_response_message");
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_trailing_metadata>) {
  a.before_trailing_metadata([to](context& c, metadata& trailing) {
    return ask_about_metadata<hooks::before_trailing_metadata>(to, c, trailing, "before_trailing_metadata");
  });
}

void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::after_request>) {
  a.after_request([to](context& c, const outcome& how) -> task<void> {
    hooks::after_request m{facts_of(c), how};
    co_await consult(to, std::move(m), "after_request");
  });
}

} // namespace swill::actors
