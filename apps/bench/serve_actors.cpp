#include "apps/bench/serve_actors.hpp"

#include "actors/handle_actor.hpp"
#include "libswill/api/app.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <string>
#include <utility>

using integers_of_actors = std::pair<std::int64_t, std::int64_t>;
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(integers_of_actors)

namespace swill::bench {
namespace {

caf::behavior add_by_actor(caf::event_based_actor*) {
  return {[](const integers_of_actors& of) { return of.first + of.second; }};
}

struct exchanges {
  std::int64_t unsent = 0;
  std::int64_t unanswered = 0;
  caf::response_promise done;
};

/// For each message asks another actor `exchanges_per_ask` times, and gives the message back.
class asker {
public:
  using self_pointer = caf::stateful_actor<exchanges>*;
  asker(self_pointer self, caf::actor to, std::int64_t message) : self_(self), to_(std::move(to)), message_(message) {}

  void begin(int in_flight) const {
    for (int i = 0; i < in_flight; ++i) ask();
  }

private:
  void ask() const {
    --self_->state.unsent;
    self_->request(to_, caf::infinite, integers_of_actors{1, 2}).then([next = *this](std::int64_t) {
      exchanges& now = next.self_->state;
      if (now.unsent > 0) next.ask();
      if (--now.unanswered == 0) now.done.deliver(next.message_);
    });
  }

  self_pointer self_;
  caf::actor to_;
  std::int64_t message_;
};

caf::behavior ask_often(caf::stateful_actor<exchanges>* self, int in_flight) {
  const caf::actor to = self->spawn<caf::linked>(add_by_actor);
  return {[self, to, in_flight](std::int64_t message) -> caf::result<std::int64_t> {
    const caf::response_promise done = self->make_response_promise();
    self->state = {.unsent = exchanges_per_ask, .unanswered = exchanges_per_ask, .done = done};
    asker{self, to, message}.begin(in_flight);
    return done;
  }};
}

} // namespace

void add_actors(app& a) {
  a.handle_actor<integers_of_actors, std::int64_t>("a.add", a.spawn("add", add_by_actor));
  const auto one_for_all = [](caf::event_based_actor* self, std::int64_t) { return add_by_actor(self); };
  a.handle_actor<integers_of_actors, std::int64_t>(
      "k.add", keyed{[](const integers_of_actors& of) { return of.first % 64; }, one_for_all});
  for (const int in_flight : {16, 800}) { // of one connection at 50x16, and of all
    const std::string name = "ask." + std::to_string(in_flight);
    a.handle_actor<std::int64_t, std::int64_t>(name, a.spawn(name, ask_often, in_flight));
  }
}

} // namespace swill::bench
