#include "actors/handle_actor.hpp"
#include "app.hpp"

#include <chrono>
#include <cstdint>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(person)

namespace {

struct visits_state {
  std::int64_t count = 0; // load it in the function below, and save it in a destructor, if it is to outlive the actor
};

// One of these for each name: what it knows needs no lock, since an actor takes one message at a time.
caf::behavior count_visits(caf::stateful_actor<visits_state>* self, const std::string&) {
  return {[self](const person&) { return ++self->state.count; }};
}

} // namespace

void add_visits(swill::blueprint& to) {
  const auto by_name = [](const person& p) { return p.name; };
  swill::keyed_options options;
  options.idle = std::chrono::minutes{10}; // without a call, then the actor of that name ends
  to.handle_actor<person, std::int64_t>("visits", swill::keyed{by_name, count_visits, options});
}
