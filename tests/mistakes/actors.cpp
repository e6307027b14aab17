// As handlers.cpp, of what knows CAF.
// Each mistake and what is said of it stand on one line.
// clang-format off

#include "actors/handle_actor.hpp"
#include "actors/lifecycle.hpp"
#include "pubsub/pubsub.hpp"

#include <string>

using namespace std::chrono_literals;
using swill::task;

struct line {
  std::string sku;
  int quantity = 1;
};
template <class D>
void describe(D& d, line& l) {
  d.field("sku", l.sku);
  d.field("quantity", l.quantity);
}
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(line)

struct unknown {
  std::string sku;
};
template <class D>
void describe(D& d, unknown& u) {
  d.field("sku", u.sku);
}

using stock = caf::typed_actor<caf::replies_to<std::string>::with<std::int32_t>>;
using informed = caf::typed_actor<caf::replies_to<swill::call_info, std::string>::with<std::int32_t>,
                                  caf::reacts_to<swill::actors::cancel_atom, swill::request_id>>;
using talkative = caf::typed_actor<caf::replies_to<line>::with<swill::answer<double>>>;
using several = caf::typed_actor<caf::replies_to<std::string>::with<std::int32_t>, caf::reacts_to<double>>;

caf::behavior bare() { return {[](const std::string&) { return 1.5; }}; }
caf::behavior plain(caf::event_based_actor*) { return {[](const std::string&) { return 1.5; }}; }

// --- Messages

task<void> right_messages(swill::pubsub& bus, std::string sku) {
  const line l{sku, 1};
  co_await bus.publish("t", l);
  co_await bus.publish("t", "text");
  co_await bus.send_to_all(l);
  co_await bus.enter("t", {"1", "ann", {}});
  co_await bus.enter("t", swill::presence_member{"1", "ann"});
}
task<void> wrong_publish(swill::pubsub& bus, std::string sku) {
  co_await bus.publish("t", line{sku, 1}); // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
task<void> wrong_connection(swill::pubsub& bus, std::string sku) {
  co_await bus.send_to_connection("t", unknown{sku}); // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
task<void> forgetful(swill::pubsub& bus, swill::feed<line>& feed, const stock& actor) {
  bus.publish("t", 1);                              // says: a swill::task does nothing until it is awaited
  feed.next();                                      // says: gives nothing until it is awaited
  swill::ask<std::int32_t>(actor, 1s, "ABC123");    // says: ask sends nothing until it is awaited
  co_return;
}

// --- Actors

task<double> right_questions(const caf::actor& prices, std::string sku) {
  const line l{sku, 1};
  co_return co_await swill::ask<double>(prices, 1s, l) + co_await swill::ask<double>(prices, 1s, "text");
}
task<double> wrong_question(const caf::actor& prices, std::string sku) {
  co_return co_await swill::ask<double>(prices, 1s, line{sku, 1}); // on g++ 12 says: g++ 12 would destroy this temporary twice
}
task<void> questions_by_type(const stock& typed, const several& more, const swill::spawned<stock>& house, const informed& knowing, swill::call_info caller) {
  const std::string sku = "ABC123";
  co_await swill::ask<std::int32_t>(typed, 1s, sku);
  co_await swill::ask<void>(typed, 1s, sku);
  co_await swill::ask<void>(more, 1s, 1.5);
  co_await swill::ask<std::int32_t>(house, 1s, sku);
  co_await swill::ask<std::int32_t>(knowing, 1s, caller, sku);
}
task<void> wrong_answer_by_type(const stock& typed, const swill::spawned<stock>& house) {
  co_await swill::ask<std::string>(typed, 1s, "ABC123"); // says: this typed actor does not answer this message with R
  co_await swill::ask<double>(house, 1s, "ABC123");      // says: this typed actor does not answer this message with R
  co_await swill::ask<std::int32_t>(typed, 1s, 1.5);     // says: this typed actor does not take this message
}
task<double> unknown_question(const caf::actor& prices, const unknown& u) {
  co_return co_await swill::ask<double>(prices, 1s, u); // says: CAF cannot send this type: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE
}

void actors(swill::app& app, const caf::actor& any, const stock& typed, const several& more, const informed& knowing, const talkative& talks) {
  app.handle_actor<line, double>("a", any);
  app.handle_actor<std::string, std::int32_t>("b", typed, swill::actor_options{.timeout = 1s});
  app.handle_actor("c", typed);
  app.handle_actor("d", typed, swill::actor_options{.timeout = 1s});
  app.handle_actor<double, void>("e", more);
  app.handle_actor("g", knowing);
  app.handle_actor<std::string, std::int32_t>("h", knowing);
  app.handle_actor<line, double>("i", talks);
  app.handle_actor<swill::with_info<line>, swill::answer<double>>("j", any);
  const auto by_sku = swill::keyed{[](const line& l) { return l.sku; }, [](caf::event_based_actor*, std::string) { return caf::behavior{}; }};
  app.handle_actor<line, double>("k", by_sku);
  app.handle_actor<line, swill::stream_of<double>>("l", by_sku);
  app.handle_actor("m", swill::pool{2, [](stock::pointer) { return stock::behavior_type{[](const std::string&) { return 1; }}; }});

  app.handle_actor<unknown, double>("f", any);         // says: CAF cannot send In: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE
  app.handle_actor<std::string, double>("f", typed);   // says: this typed actor does not answer In with Out
  app.handle_actor<double, std::int32_t>("f", typed);  // says: this typed actor does not answer In with Out
  app.handle_actor<std::string, double>("f", knowing); // says: this typed actor does not answer In with Out
  app.handle_actor<swill::with_info<line>, double>("f", talks); // says: this typed actor does not answer In with Out
  app.handle_actor<swill::with_info<line>, swill::stream_of<double>>("f", any); // says: with_info is for actors of which neither side streams
  app.handle_actor<line, swill::stream<double>>("f", any);       // says: the side of an actor that streams is swill::stream_of<T> here
  app.handle_actor<std::string, double>("f", by_sku);            // says: keyed actors need a key of each call
  app.handle_actor<swill::stream_of<line>, double>("f", by_sku); // says: keyed actors need a key of each call
  const auto by_length = swill::keyed{[](const line& l) { return l.sku; }, [](caf::event_based_actor*, int) { return caf::behavior{}; }};
  app.handle_actor<line, double>("f", by_length); // says: the function of the key gives another type than the factory of these actors takes
  (void)swill::keyed{[](const line& l) { return l.sku; }, [](caf::event_based_actor*) { return caf::behavior{}; }}; // says: the factory of keyed actors takes the key
  (void)swill::keyed{[](const line& l) { return l.sku; }, [](caf::event_based_actor*, int, std::string) { return caf::behavior{}; }}; // says: the factory of keyed actors takes the key
  app.handle_actor<line, double>("f", swill::keyed{[](const line& l) { return l.sku; }, [](caf::event_based_actor*, std::string, int) { return caf::behavior{}; }}); // says: the factory of keyed actors takes the key
  (void)swill::restart_policy{.on_give_up = [](const std::string&) {}}; // says: on_give_up is called with what the last actor ended with
  app.handle_actor("f", more);                         // says: only a typed actor of one message type says what it takes
  app.handle_actor<std::string, double>("f", plain);   // says: handle_actor takes an actor, or what makes one, no function alone
  app.handle_actor<std::string, double>("f", [](caf::event_based_actor*) { return caf::behavior{}; }); // says: handle_actor takes an actor
  app.handle_actor("f", bare);                         // says: handle_actor takes an actor, or what makes one, no function alone
  app.handle_actor("f", any);                          // says: only a typed actor of one message type says what it takes
}

// --- Hooks

using watching = caf::typed_actor<caf::reacts_to<swill::hooks::after_connection>>;
using wrong_answer = caf::typed_actor<caf::replies_to<swill::hooks::after_accept>::with<int>>;

void hooks(swill::app& app, const caf::actor& any, const stock& typed, const watching& watches, const wrong_answer& wrong) {
  app.lifecycle<swill::hooks::after_accept>(any, {.timeout = 2s, .on_timeout = swill::hook_outcome::refuse});
  app.lifecycle(watches, {.timeout = 2s, .on_timeout = swill::hook_outcome::refuse});

  app.lifecycle(any, {.timeout = 2s, .on_timeout = swill::hook_outcome::refuse});   // says: which hooks has this actor? Its type does not say
  app.lifecycle(typed, {.timeout = 2s, .on_timeout = swill::hook_outcome::refuse}); // says: the type of this actor has no hook
  app.lifecycle(wrong, {.timeout = 2s, .on_timeout = swill::hook_outcome::refuse}); // says: a hook is answered by nothing, or by swill::hooks::change
  app.lifecycle(swill::supervised{[](watching::pointer) { return watching::behavior_type{[](const swill::hooks::after_connection&) {}}; }}, {.timeout = 2s, .on_timeout = swill::hook_outcome::refuse}); // says: hooks ask one actor that is there as long as the server
}
void careless(swill::app& app, const watching& watches) {
  app.lifecycle(watches, {.timeout = 2s}); // says: lifecycle_options has two members, which both have to be said
}
