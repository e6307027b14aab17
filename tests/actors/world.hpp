#pragma once

#include "actors/ask.hpp"
#include "actors/connection_actor.hpp"
#include "actors/runtime.hpp"
#include "tests/server/calls.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <poll.h>

// What tests of actors share, beside what tests of calls do.

namespace swill::test {

/// Turns the server until it is true, with what other threads do meanwhile; false after ten seconds.
template <class F>
bool run_until(test_server& s, const F& f) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (std::chrono::steady_clock::now() < end) {
    s.run();
    if (f()) return true;
    ::poll(nullptr, 0, 1);
  }
  return f();
}

/// The actor of a request, from its handler or hook.
inline caf::strong_actor_ptr actor_of(const context& c) {
  return caf::strong_actor_ptr{static_cast<actors::loop_actor*>(c.call().native_actor())->ctrl()};
}
/// The actor of the newest connection.
inline caf::strong_actor_ptr connection_of(test_server& s) {
  return caf::strong_actor_ptr{s.runtime().unit_of(s.loop()).connections.back()->ctrl()};
}

inline void kill(const caf::strong_actor_ptr& a, caf::exit_reason why = caf::exit_reason::kill) {
  caf::anon_send_exit(a, why);
}
template <class... Ts>
void tell(const caf::strong_actor_ptr& a, Ts&&... xs) {
  caf::anon_send(caf::actor_cast<caf::actor>(a), std::forward<Ts>(xs)...);
}

/// Ends an actor with the test, so that its system does not wait for it. Declare it behind the server.
class ends_here {
public:
  explicit ends_here(caf::actor a) : actor_(std::move(a)) {}
  ends_here(const ends_here&) = delete;
  ends_here& operator=(const ends_here&) = delete;
  ~ends_here() { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }
  const caf::actor& who() const noexcept { return actor_; }

private:
  caf::actor actor_;
};

} // namespace swill::test
