#include "actors/roster.hpp"

#include "actors/actor_stream.hpp"
#include "actors/handle_actor.hpp"

#include "tests/actors/world.hpp"

#include <caf/forwarding_actor_proxy.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

// Actors that a server makes for its app: one, several, one for each key; made again when they die, ended when nobody calls.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// What became of the actors that a test has made.
struct chronicle {
  int made = 0;
  int alive = 0;
  int most_alive = 0;
  std::map<std::string, int> alive_by_key;
  bool doubled = false; ///< two of one key at a time
};
/// Notes one of them.
struct life {
  explicit life(chronicle& c, std::string k = {}) : of(&c), key(std::move(k)) {
    ++of->made;
    of->most_alive = std::max(of->most_alive, ++of->alive);
    if (++of->alive_by_key[key] > 1) of->doubled = true;
  }
  life(const life&) = delete;
  life& operator=(const life&) = delete;
  ~life() {
    --of->alive;
    --of->alive_by_key[key];
  }
  chronicle* of;
  std::string key;
};
struct lives {
  std::unique_ptr<life> is;
  std::vector<caf::response_promise> open;
};

/// Answers v with v + 1; 0 never, -1 by throwing, -2 by dying with that of the others in its mailbox, -3 by ending well.
caf::behavior worker(caf::stateful_actor<lives>* self, chronicle* all) {
  self->state.is = std::make_unique<life>(*all);
  return {[self](int v) -> caf::result<int> {
    if (v == 0) {
      self->state.open.push_back(self->make_response_promise());
      return self->state.open.back();
    }
    if (v == -1) throw std::runtime_error("ill");
    if (v == -2) self->quit(caf::exit_reason::unhandled_exception);
    if (v == -3) self->quit();
    return v + 1;
  }};
}

struct Roster : testing::Test {
  chronicle all, others;
  logged_app a;
  std::optional<test_server> server;
  std::optional<test_client> client;

  test_client& serve() {
    server.emplace(a);
    return client.emplace(*server);
  }
  auto maker() {
    return [this](caf::stateful_actor<lives>* self) { return worker(self, &all); };
  }
  bool has_logged(const std::string& text) const {
    const strings lines = a.lines();
    return std::any_of(lines.begin(), lines.end(), [&](const auto& l) { return l.find(text) != std::string::npos; });
  }
  strings answer(std::uint64_t seq) { return arrived(*client, seq); }
  static int outcome_of(test_client& c, const char* rpc, int v) {
    try {
      return c.call<int>(rpc, v);
    } catch (const error& e) {
      return -static_cast<int>(e.code);
    }
  }
  void end() {
    client.reset();
    server.reset();
  }
};

// --- One that is spawned for the app

TEST_F(Roster, SpawnsAnActorForAnAppBeforeItsServer) {
  const auto house = a.spawn("house", worker, &all);
  a.handle_actor<int, int>("add", house);
  a.handle("ask", [house](request<int> r) -> task<int> { co_return co_await ask<int>(house, 1s, r.data()); });
  EXPECT_EQ(all.made, 0);

  for (int round = 0; round < 2; ++round) { // one server after the other
    test_client& c = serve();
    EXPECT_EQ(c.call<int>("add", 1), 2);
    EXPECT_EQ(c.call<int>("ask", 2), 3);
    EXPECT_EQ(all.alive, 1);
    end();
    EXPECT_EQ(all.alive, 0);
  }
  EXPECT_EQ(all.made, 2);
}

TEST_F(Roster, SpawnsTypedActorsThatSayWhatTheyTake) {
  using stock = caf::typed_actor<caf::replies_to<std::string>::with<int>>;
  const auto house = a.spawn("stock", [](stock::pointer) -> stock::behavior_type {
    return {[](const std::string& s) { return static_cast<int>(s.size()); }};
  });
  a.handle_actor("stock", house);

  EXPECT_EQ(serve().call<int>("stock", "four"), 4);
}

TEST_F(Roster, RefusesTwoSpawnedActorsOfOneName) {
  a.spawn("house", worker, &all);
  a.spawn("house", worker, &all);
  EXPECT_THAT([this] { a.validate(); },
              testing::ThrowsMessage<invalid_configuration>(testing::HasSubstr(
                  "plugins.actor house: app.spawn was given this name twice; each actor needs a name of its own")));
}

TEST_F(Roster, RefusesRestartsThatNobodyCanMean) {
  a.handle_actor<int, int>("most", supervised{maker(), {.restarts = 1'000'000}});
  EXPECT_NO_THROW(a.validate());
  restart_policy negative;
  negative.restarts = static_cast<std::size_t>(-1);
  a.handle_actor<int, int>("more", supervised{maker(), {.restarts = 1'000'001}});
  a.handle_actor<int, int>("negative", supervised{maker(), negative});
  EXPECT_THAT([this] { a.validate(); },
              testing::ThrowsMessage<invalid_configuration>(
                  testing::AllOf(testing::HasSubstr("handlers.more.restarts.restarts: is 1000001"),
                                 testing::HasSubstr("handlers.negative.restarts.restarts: is 18446744073709551615"))));
}

TEST_F(Roster, LogsWhatItsActorsDoNotTakeWithoutTheContent) {
  const auto house = a.spawn("house", worker, &all);
  a.handle_actor<int, int>("add", supervised{maker()});
  const auto bare = a.spawn("bare", []() -> caf::behavior { return {[](int n) { return n; }}; });
  test_client& c = serve();
  testing::internal::CaptureStdout();

  tell(house.who()->only_actor(), std::string{"a secret"}, 1.5);
  tell(bare.who()->only_actor(), std::string{"a secret"}, 1.5);
  caf::anon_send(find_handler_actor(server->runtime().system(), "add"), std::string{"a secret"}, 1.5);
  server->run();
  EXPECT_EQ(c.call<int>("add", 1), 2) << "it goes on";

  EXPECT_TRUE(
      has_logged("warning the actor of add does not take this message, which is dropped: (std::string, double)"));
  EXPECT_TRUE(
      has_logged("warning the actor house does not take this message, which is dropped: (std::string, double)"));
  EXPECT_TRUE(has_logged("warning the actor bare does not take this message, which is dropped: (std::string, double)"));
  EXPECT_FALSE(has_logged("secret"));
  end();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_F(Roster, SparesWhoSendsWhatItsActorDoesNotTake) {
  const auto house = a.spawn("house", worker, &all);
  a.handle_actor<int, bool>("send", a.spawn("sender", [house](caf::event_based_actor* self) -> caf::behavior {
    return {[self, house](int) {
      self->send(caf::actor_cast<caf::actor>(house.who()->only_actor()), std::string{"order"});
      return true;
    }};
  }));
  test_client& c = serve();

  for (int i = 0; i < 3; ++i) EXPECT_TRUE(c.call<bool>("send", 1)); // an error would have ended the sender

  EXPECT_EQ(server->runtime().dropped_mail(), 3U);
}

TEST_F(Roster, LeavesMessagesToADefaultHandlerOfTheFactory) {
  int seen = 0;
  const auto house = a.spawn("house", [&seen](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler([&seen](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      ++seen;
      return caf::sec::unexpected_message;
    });
    return {[](int n) { return n; }};
  });
  serve();

  tell(house.who()->only_actor(), 1.5);
  server->run();

  EXPECT_EQ(seen, 1);
  EXPECT_FALSE(has_logged("does not take this message"));
}

TEST_F(Roster, OfAnActorThatHasEndedSaysSo) {
  const auto house = a.spawn("house", worker, &all);
  a.handle_actor<int, int>("add", house);
  test_client& c = serve();
  EXPECT_TRUE(server->runtime().reasons_not_ready().empty());

  EXPECT_EQ(outcome_of(c, "add", -1), -500);
  server->run();

  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  EXPECT_EQ(server->runtime().reasons_not_ready(), strings{"actor house: has ended"});
  EXPECT_TRUE(has_logged("the actor house has ended, and is not made again: "));
  EXPECT_EQ(all.made, 1);
}

TEST_F(Roster, GivesItsActorsToOthersByTheNameOfTheirHandler) {
  a.handle_actor<int, int>("twice", a.spawn("twice", [](caf::event_based_actor*) -> caf::behavior {
    return {[](int n) { return 2 * n; }};
  }));
  a.handle_actor<int, int>("four_times", a.spawn("four_times", [](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int n) -> caf::result<int> {
      EXPECT_EQ(find_handler_actor(self->system(), "nobody"), nullptr);
      EXPECT_EQ(find_handler_actor(self->system(), "plain"), nullptr);
      auto promise = self->make_response_promise<int>();
      self->request(find_handler_actor(self->system(), "twice"), caf::infinite, 2 * n)
          .then([promise](int four_times) mutable { promise.deliver(four_times); });
      return promise;
    }};
  }));
  a.handle("plain", [](request<int> r) { return r.data(); });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("four_times", 3), 12);
}

TEST_F(Roster, TellsInTheLogWhichHandlersAnActorHasServed) {
  const supervised ill{maker()};
  for (const char* name : {"one", "two", "three", "four"}) a.handle_actor<int, int>(name, ill);
  a.handle_actor<int, int>("other", supervised{maker()});
  test_client& c = serve();

  EXPECT_EQ(outcome_of(c, "other", -1), -500);
  EXPECT_EQ(outcome_of(c, "two", -1), -500);
  server->run();

  EXPECT_TRUE(has_logged("the actor of other has ended, and is made again: "));
  EXPECT_TRUE(has_logged("the actor of one, two, three and 1 more has ended, and is made again: "));
}

TEST_F(Roster, RefusesOptionsThatCannotBeMeant) {
  const auto by_text = [](caf::event_based_actor*, const std::string&) -> caf::behavior {
    return {[](const std::string& text) { return text; }};
  };
  const auto alone = [](caf::event_based_actor*) -> caf::behavior { return {[](int n) { return n; }}; };
  a.handle_actor<std::string, std::string>(
      "by_key", keyed{[](const std::string& text) { return text; },
                      by_text,
                      {.idle = -1min, .calls = 0, .keys = 0, .key_size = 0, .restarts = {.first_pause = -1s}}});
  a.handle_actor<int, int>("by_any", pool{0, alone});

  EXPECT_THAT([this] { a.validate(); },
              testing::ThrowsMessage<invalid_configuration>(testing::AllOf(
                  testing::HasSubstr("by_key.keyed.idle"), testing::HasSubstr("by_key.keyed.calls: is 0"),
                  testing::HasSubstr("by_key.keyed.keys: is 0"), testing::HasSubstr("by_key.keyed.key_size: is 0"),
                  testing::HasSubstr("by_key.restarts.first_pause"), testing::HasSubstr("by_any.pool.count: is 0"))));
}

TEST_F(Roster, WithTwoActorsOfOneNameIsAMistake) {
  static_cast<void>(a.spawn("house", worker, &all));
  static_cast<void>(a.spawn("house", worker, &all));

  EXPECT_THROW(a.validate(), invalid_configuration);
}

// --- One that is made again

TEST_F(Roster, MakesAnActorAgainThatHasThrown) {
  a.handle_actor<int, int>("add", supervised{maker(), {.first_pause = 100ms, .wait = 1s}});
  test_client& c = serve();

  EXPECT_EQ(outcome_of(c, "add", -1), -500);
  const auto seq = c.open("add", 1); // waits for the next one
  EXPECT_EQ(answer(seq), strings{});
  server->advance(99ms);
  EXPECT_EQ(answer(seq), strings{});
  server->advance(1ms);

  EXPECT_EQ(answer(seq), strings{"m:2"});
  EXPECT_EQ(all.made, 2);
  EXPECT_EQ(all.most_alive, 1);
}

TEST_F(Roster, MakesCallsWaitOnlyAsLongAsTheyMay) {
  a.handle_actor<int, int>("never", supervised{maker(), {.first_pause = 100ms, .wait = 0ms}});
  a.handle_actor<int, int>("long", supervised{maker(), {.first_pause = 500ms, .wait = 1s}});
  test_client& c = serve();
  for (const char* name : {"never", "long"}) {
    c.open(name, -1);
    server->run();
  }

  const error refused = error_of([&] { c.call<int>("never", 1); });
  const auto seq = c.open("long", 1, {"timeout_ms", 200});
  server->advance(200ms);

  EXPECT_EQ(refused.code, 503);
  EXPECT_EQ(refused.data, value::map({{"retryable", true}, {"retry_after_ms", 100}}));
  EXPECT_EQ(answer(seq), strings{"e:408"});
  server->advance(300ms);
  EXPECT_EQ(c.call<int>("long", 1), 2);
}

TEST_F(Roster, GivesUpWhenAnActorDiesTooOften) {
  strings told;
  a.handle_actor<int, int>(
      "add",
      supervised{maker(),
                 {.restarts = 2, .within = 10s, .first_pause = 100ms, .on_give_up = [&told](const caf::error& why) {
                    told.push_back(to_string(why));
                  }}});
  test_client& c = serve();
  for (const auto pause : {100ms, 200ms}) { // it doubles
    c.open("add", -1);
    server->run();
    server->advance(pause - 1ms);
    const auto seq = c.open("add", 1);
    EXPECT_EQ(answer(seq), strings{});
    server->advance(1ms);
    EXPECT_EQ(answer(seq), strings{"m:2"});
  }
  EXPECT_EQ(told.size(), 0U);

  c.open("add", -1);
  server->run();

  EXPECT_THAT(told, testing::ElementsAre(testing::HasSubstr("ill"))); // what it has thrown
  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  server->advance(1h);
  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  EXPECT_EQ(all.made, 3);
}

TEST_F(Roster, ForgetsDeathsThatAreLongAgo) {
  a.handle_actor<int, int>("add", supervised{maker(), {.restarts = 1, .within = 10s, .first_pause = 100ms}});
  test_client& c = serve();

  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(outcome_of(c, "add", -1), -500);
    server->advance(100ms);
    EXPECT_EQ(outcome_of(c, "add", 1), 2);
    server->advance(10s);
  }
}

TEST_F(Roster, GivesACallToTheNextOneThatADyingActorHasNotLookedAt) {
  a.handle_actor<int, int>("add", supervised{maker(), {.first_pause = 1ms}});
  test_client& c = serve();
  // Both are in its mailbox when it looks at the first.
  send_message(c, 100, "add", -2);
  send_message(c, 101, "add", 1);
  server->run();
  server->advance(1ms);

  EXPECT_EQ(answer(101), strings{"m:2"});
  EXPECT_EQ(all.made, 2);
}

TEST_F(Roster, NeverGivesACallTwiceThatAnActorHasLookedAt) {
  a.handle_actor<int, int>("add", supervised{maker(), {.first_pause = 1ms}});
  test_client& c = serve();
  const auto seq = c.open("add", 0);
  EXPECT_EQ(answer(seq), strings{});

  c.open("add", -2);
  server->run();

  EXPECT_EQ(answer(seq), strings{"e:503"});
}

TEST_F(Roster, TellsAFactoryThatThrowsToTheLog) {
  a.handle_actor<int, int>(
      "add",
      supervised{[](caf::actor_system&) -> caf::actor { throw std::runtime_error("no luck"); }, {.restarts = 0}});
  test_client& c = serve();

  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  EXPECT_THAT(a.lines(), testing::ElementsAre(testing::HasSubstr("no luck")));
}

TEST_F(Roster, HasTheActorOfAnAnsweredRequestServeTheNextOne) {
  std::vector<caf::actor_id> senders;
  a.handle_actor<int, int>("same", a.spawn("notes", [&senders](caf::event_based_actor* self) -> caf::behavior {
    return {[&senders, self](int v) {
      senders.push_back(self->current_sender()->id());
      return v;
    }};
  }));
  test_client& c = serve();

  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.call<int>("same", i), i);

  EXPECT_EQ(senders, std::vector<caf::actor_id>(3, senders.at(0)));
}

TEST_F(Roster, TellsAllCallsOfAnActorOfItsEnd) {
  a.handle_actor<int, int>("add", keyed{[](int) { return 0; },
                                        [this](caf::stateful_actor<lives>* self, int) { return worker(self, &all); }});
  test_client& c = serve();
  std::vector<std::uint64_t> open;
  for (int i = 0; i < 5; ++i) open.push_back(c.open("add", 0));
  c.cancel(open[2]); // no longer among them
  server->run();

  const auto last = c.open("add", -3);

  for (const int i : {0, 1, 3, 4}) EXPECT_EQ(answer(open[i]), strings{"e:503"});
  EXPECT_EQ(answer(last), strings{"m:-2"});
  EXPECT_EQ(c.call<int>("add", 1), 2);
  EXPECT_EQ(all.made, 2);
}

TEST_F(Roster, LogsTheTypesOfAnAnswerThatIsNoOut) {
  a.handle_actor<int, double>("odd", supervised{maker()});
  test_client& c = serve();

  EXPECT_EQ(outcome_of(c, "odd", 1), -500);

  EXPECT_THAT(a.lines(), testing::Contains(testing::HasSubstr("(int32_t) in place of double")));
}

// --- Several

TEST_F(Roster, GivesACallToThatOfAPoolWithTheLeastInFlight) {
  a.handle_actor<int, int>("add", pool{3, maker()});
  test_client& c = serve();
  EXPECT_EQ(all.alive, 3);
  const auto first = c.open("add", 0), second = c.open("add", 0);

  // The third is free, however often it is asked; the others wait.
  for (int i = 1; i < 10; ++i) EXPECT_EQ(c.call<int>("add", i), i + 1);
  EXPECT_EQ(outcome_of(c, "add", -1), -500); // it dies, and not those which wait
  EXPECT_EQ(answer(first), strings{});
  EXPECT_EQ(answer(second), strings{});
  EXPECT_EQ(outcome_of(c, "add", 1), 2); // by one of these

  server->advance(100ms);
  EXPECT_EQ(all.alive, 3);
}

// --- One for each key

struct bid {
  std::string lot;
  int amount = 0;
};
template <class D>
void describe(D& d, bid& b) {
  d.field("lot", b.lot);
  d.field("amount", b.amount);
}

struct lot_state : lives {
  int sum = 0;
};

} // namespace
} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::bid)

namespace swill {
namespace {

/// Adds up the bids of its lot; as worker for amounts up to 0.
caf::behavior lot(caf::stateful_actor<lot_state>* self, const std::string& name, chronicle* all) {
  self->state.is = std::make_unique<life>(*all, name);
  if (name == "poisoned") throw std::runtime_error("poisoned");
  const auto add = [self](const bid& b) -> caf::result<int> {
    if (b.amount == 0) {
      self->state.open.push_back(self->make_response_promise());
      return self->state.open.back();
    }
    if (b.amount == -1) throw std::runtime_error("ill");
    if (b.amount == -3) self->quit();
    return self->state.sum += b.amount;
  };
  return {add, [add](const call_info&, const bid& b) { return add(b); }};
}

struct Keyed : Roster {
  auto lots(const keyed_options& o = {}) {
    return keyed{
        [](const bid& b) { return b.lot; },
        [this](caf::stateful_actor<lot_state>* self, const std::string& name) { return lot(self, name, &all); }, o};
  }
  static int outcome_of(test_client& c, const std::string& lot, int amount) {
    try {
      return c.call<int>("bid", bid{lot, amount});
    } catch (const error& e) {
      return -static_cast<int>(e.code);
    }
  }
};

TEST_F(Keyed, MakesAnActorForEachKeyOnItsFirstCall) {
  a.handle_actor<bid, int>("bid", lots());
  test_client& c = serve();
  EXPECT_EQ(all.made, 0);

  EXPECT_EQ(outcome_of(c, "a", 1), 1);
  EXPECT_EQ(outcome_of(c, "b", 2), 2);
  EXPECT_EQ(outcome_of(c, "a", 3), 4);

  EXPECT_EQ(all.made, 2);
}

TEST_F(Keyed, ServesSeveralNamesByTheSameActors) {
  const auto one =
      keyed{[](const auto& b) { return b.lot; },
            [this](caf::stateful_actor<lot_state>* self, const std::string& name) { return lot(self, name, &all); }};
  a.handle_actor<bid, int>("bid", one);
  a.handle_actor<bid, int>("again", one);
  test_client& c = serve();

  EXPECT_EQ(c.call<int>("bid", bid{"a", 1}), 1);
  EXPECT_EQ(c.call<int>("again", bid{"a", 2}), 3);
  EXPECT_EQ(all.made, 1);
}

TEST_F(Keyed, TellsItsActorsTheirKeyAndWhichIncarnationTheyAre) {
  std::vector<call_info> seen;
  a.handle_actor<with_info<bid>, int>("bid",
                                      keyed{[](const bid& b) { return b.lot; },
                                            [&seen](caf::event_based_actor* self, const std::string&) -> caf::behavior {
                                              return {[&seen, self](const call_info& i, const bid&) {
                                                seen.push_back(i);
                                                self->quit();
                                                return 1;
                                              }};
                                            }});
  test_client& c = serve();

  for (const char* name : {"a", "a", "b"}) outcome_of(c, name, 1);

  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].key, "a");
  EXPECT_LT(seen[0].incarnation, seen[1].incarnation);
  EXPECT_EQ(seen[2].key, "b");
}

TEST_F(Keyed, EndsAnActorThatHasNoCalls) {
  a.handle_actor<bid, int>("bid", lots({.idle = 1s}));
  test_client& c = serve();
  outcome_of(c, "a", 1);
  const auto open = c.open("bid", bid{"b", 0});
  server->advance(500ms);
  outcome_of(c, "a", 1);
  server->advance(999ms);
  EXPECT_EQ(all.alive, 2);

  server->advance(1ms);

  EXPECT_EQ(all.alive_by_key["a"], 0);
  EXPECT_EQ(all.alive_by_key["b"], 1); // has a call, however long
  EXPECT_EQ(outcome_of(c, "a", 5), 5); // the next one knows nothing of it
  c.cancel(open);
  server->advance(1s);
  EXPECT_EQ(all.alive, 0);
}

TEST_F(Keyed, GivesCallsThatMeetAnEndingActorToTheNextOne) {
  std::optional<caf::actor> held;
  a.handle_actor<bid, int>("bid",
                           keyed{[](const bid& b) { return b.lot; },
                                 [this, &held](caf::stateful_actor<lot_state>* self, const std::string& name) {
                                   if (all.made == 0) // the first takes its time to end
                                     self->set_exit_handler([&held, self](const caf::exit_msg&) { held = self; });
                                   return lot(self, name, &all);
                                 },
                                 {.idle = 1s}});
  test_client& c = serve();
  outcome_of(c, "a", 1);
  server->advance(1s);
  ASSERT_TRUE(held);

  const auto seq = c.open("bid", bid{"a", 7});
  EXPECT_EQ(answer(seq), strings{}); // never two at a time
  caf::anon_send_exit(*std::exchange(held, std::nullopt), caf::exit_reason::kill);

  EXPECT_EQ(answer(seq), strings{"m:7"});
  EXPECT_EQ(all.made, 2);
  EXPECT_FALSE(all.doubled);
  held.reset();
}

TEST_F(Keyed, KillsAnActorThatDoesNotEnd) {
  a.handle_actor<bid, int>("bid", keyed{[](const bid& b) { return b.lot; },
                                        [this](caf::stateful_actor<lot_state>* self, const std::string& name) {
                                          self->set_exit_handler([](const caf::exit_msg&) {});
                                          return lot(self, name, &all);
                                        },
                                        {.idle = 1s, .restarts = {.stop_timeout = 2s}}});
  test_client& c = serve();
  outcome_of(c, "a", 1);

  server->advance(1s);
  EXPECT_EQ(all.alive, 1);
  server->advance(2s);

  EXPECT_EQ(all.alive, 0);
}

TEST_F(Keyed, RefusesMoreCallsOfAKeyThanItMayHave) {
  a.limits().retry_after = 250ms;
  a.handle_actor<bid, int>("bid", lots({.calls = 2}));
  test_client& c = serve();
  c.open("bid", bid{"a", 0});
  c.open("bid", bid{"a", 0});

  const error e = error_of([&] { c.call<int>("bid", bid{"a", 1}); });

  EXPECT_EQ(e.code, 429);
  EXPECT_EQ(e.data, value::map({{"retry_after_ms", 250}}));
  EXPECT_EQ(outcome_of(c, "b", 1), 1);
}

TEST_F(Keyed, CountsCancelledCallsUntilTheirActorHasDealtWithThem) {
  std::vector<caf::response_promise> open;
  a.handle_actor<bid, int>("bid", keyed{[](const bid& b) { return b.lot; },
                                        [&open](caf::event_based_actor* self, const std::string&) -> caf::behavior {
                                          return {[&open, self](const bid&) -> caf::result<int> {
                                            return open.emplace_back(self->make_response_promise());
                                          }};
                                        },
                                        {.calls = 3}});
  test_client& c = serve();
  const auto call = [&] { return c.open("bid", bid{"a", 1}); };
  const auto first = call();
  EXPECT_EQ(answer(first), strings{});

  // Whatever callers do, the actor never has more than three.
  for (int i = 0; i < 20; ++i) {
    c.cancel(call());
    server->run();
    EXPECT_LE(open.size(), 3U);
  }
  EXPECT_EQ(open.size(), 3U);
  EXPECT_EQ(outcome_of(c, "a", 1), -429);
  EXPECT_EQ(answer(first), strings{}); // nobody has ended that

  open[2].deliver(1); // too late for its caller, but it has dealt with it
  open.pop_back();
  server->run();
  const auto next = call();
  EXPECT_EQ(answer(next), strings{});
  EXPECT_EQ(open.size(), 3U);

  open.erase(open.begin() + 1); // dropped: nobody will answer that any more
  server->run();
  EXPECT_EQ(answer(call()), strings{});
  EXPECT_EQ(open.size(), 3U);
  EXPECT_EQ(outcome_of(c, "a", 1), -429);
  open.clear();
}

TEST_F(Keyed, CountsCancelledCallsThatItsActorHasNotLookedAt) {
  std::vector<int> seen;
  caf::actor_addr busy;
  a.handle_actor<bid, int>("bid",
                           keyed{[](const bid& b) { return b.lot; },
                                 [&](caf::event_based_actor* self, const std::string&) -> caf::behavior {
                                   busy = self->address();
                                   self->set_default_handler(caf::skip);
                                   return {[&seen, self](const std::string&) { // until then it takes no bid
                                     self->become([&seen](const bid& b) {
                                       seen.push_back(b.amount);
                                       return b.amount;
                                     });
                                   }};
                                 },
                                 {.calls = 3}},
                           {.timeout = 1s});
  test_client& c = serve();
  const auto late = c.open("bid", bid{"a", 1});
  server->advance(1s); // its time is over
  EXPECT_THAT(answer(late), testing::ElementsAre(testing::StartsWith("e:408")));
  for (int i = 2; i < 20; ++i) {
    c.cancel(c.open("bid", bid{"a", i}));
    server->run();
  }
  EXPECT_EQ(outcome_of(c, "a", 1), -429);

  caf::anon_send(caf::actor_cast<caf::actor>(busy), std::string{"go on"});
  server->run();

  EXPECT_EQ(seen, (std::vector{1, 2, 3})); // no more were in its mailbox
  EXPECT_EQ(outcome_of(c, "a", 7), 7);
}

TEST_F(Keyed, CountsCancelledStreamsUntilTheirActorHasDealtWithThem) {
  caf::actor_addr busy;
  int opened = 0;
  a.handle_actor<bid, stream_of<int>>(
      "bids", keyed{[](const bid& b) { return b.lot; },
                    [&](caf::event_based_actor* self, const std::string&) -> caf::behavior {
                      busy = self->address();
                      self->set_default_handler(caf::skip);
                      return {[&opened, self](const std::string&) {
                        self->set_default_handler(caf::drop);
                        self->become(streaming(self, [&opened](outgoing<int>, const bid&) { ++opened; }));
                      }};
                    },
                    {.calls = 2}});
  test_client& c = serve();
  for (int i = 0; i < 10; ++i) {
    c.cancel(c.open("bids", bid{"a", i}));
    server->run();
  }
  EXPECT_EQ(error_of([&] { c.collect<int>("bids", bid{"a", 1}); }).code, 429);

  caf::anon_send(caf::actor_cast<caf::actor>(busy), std::string{"go on"});
  server->run();

  EXPECT_EQ(opened, 2);
  const auto next = c.open("bids", bid{"a", 1});
  EXPECT_EQ(answer(next), strings{});
  EXPECT_EQ(opened, 3);
}

TEST_F(Keyed, GivesASerialActorOneCallAfterTheOther) {
  std::vector<caf::response_promise> open;
  std::vector<int> begun;
  a.handle_actor<bid, int>("bid", keyed{[](const bid& b) { return b.lot; },
                                        [&](caf::event_based_actor* self, const std::string&) -> caf::behavior {
                                          return {[&, self](const bid& b) -> caf::result<int> {
                                            begun.push_back(b.amount);
                                            if (b.amount < 0) throw std::runtime_error("ill");
                                            return open.emplace_back(self->make_response_promise());
                                          }};
                                        },
                                        {.serial = true, .restarts = {.first_pause = 0ms}}});
  test_client& c = serve();
  const auto call = [&](int amount) { return c.open("bid", bid{"a", amount}); };
  const auto first = call(1), second = call(2), third = call(3), fourth = call(4), fifth = call(-5), sixth = call(6);
  EXPECT_EQ(begun, (std::vector{1}));
  c.open("bid", bid{"b", 7}); // of another key
  EXPECT_EQ(begun, (std::vector{1, 7}));
  std::swap(open[0], open[1]);
  begun = {1};

  c.cancel(third);
  open.back().deliver(10);
  EXPECT_EQ(answer(first), strings{"m:10"});
  EXPECT_EQ(begun, (std::vector{1, 2}));

  c.cancel(second); // which it has begun: the next has its turn
  EXPECT_EQ(begun, (std::vector{1, 2, 4}));
  open.back().deliver(40);
  EXPECT_EQ(answer(fourth), strings{"m:40"});
  EXPECT_EQ(answer(fifth).size(), 1U);
  server->advance(1ms);
  EXPECT_EQ(begun, (std::vector{1, 2, 4, -5, 6})); // of the next incarnation
  open.back().deliver(60);
  EXPECT_EQ(answer(sixth), strings{"m:60"});
  open.clear();
}

TEST_F(Keyed, OfASerialActorWaitsNoLongerThanItsDeadline) {
  a.handle_actor<bid, int>("bid", lots({.calls = 3, .serial = true}), {.timeout = 1s});
  test_client& c = serve();
  c.open("bid", bid{"a", 0}); // never answered
  const auto second = c.open("bid", bid{"a", 1});
  const auto third = c.open("bid", bid{"a", 2});
  EXPECT_EQ(outcome_of(c, "a", 3), -429); // what the actor has counts as well

  server->advance(1s);

  EXPECT_EQ(strings({answer(second).at(0).substr(0, 5), answer(third).at(0).substr(0, 5)}),
            strings({"e:408", "e:408"}));
  EXPECT_EQ(outcome_of(c, "a", 4), 4);
}

TEST_F(Keyed, RefusesMoreKeysThanItMayHave) {
  a.handle_actor<bid, int>("bid", lots({.idle = 1s, .keys = 2}));
  test_client& c = serve();
  EXPECT_EQ(outcome_of(c, "a", 1), 1);
  EXPECT_EQ(outcome_of(c, "b", 1), 1);

  EXPECT_EQ(outcome_of(c, "c", 1), -429);
  EXPECT_EQ(outcome_of(c, "a", 1), 2);
  server->advance(1s);
  EXPECT_EQ(outcome_of(c, "c", 1), 1);
}

TEST_F(Keyed, RefusesKeysThatAreTooLong) {
  a.handle_actor<bid, int>("bid", lots({.key_size = 8}));
  test_client& c = serve();

  EXPECT_EQ(outcome_of(c, "12345678", 1), 1);
  try {
    c.call<int>("bid", bid{"123456789", 1});
    ADD_FAILURE() << "it was taken";
  } catch (const error& e) {
    EXPECT_TRUE(e.is(error_code::too_large)) << e.code;
    EXPECT_EQ(e.message, "A key has at most 8 bytes");
  }
  EXPECT_EQ(all.made, 1);
}

TEST_F(Keyed, TroublesNoOtherKeyByOneThatIsPoisoned) {
  a.handle_actor<bid, int>("bid", lots({.restarts = {.restarts = 2, .within = 10s, .first_pause = 10ms}}));
  test_client& c = serve();
  std::vector<std::uint64_t> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(c.open("bid", bid{"poisoned", 1}));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(outcome_of(c, "key " + std::to_string(i), 1), 1);
    server->advance(1ms);
  }

  for (const auto seq : waiting) EXPECT_EQ(answer(seq), strings{"e:503"});
  EXPECT_EQ(all.made, 103); // three of the poisoned one
  EXPECT_TRUE(has_logged("; its key is \"poisoned\""));
  const error e = error_of([&] { c.call<int>("bid", bid{"poisoned", 1}); });
  EXPECT_EQ(e.code, 503);
  ASSERT_NE(e.data.find("retry_after_ms"), nullptr);
  server->advance(10s); // then it is tried again
  const auto seq = c.open("bid", bid{"poisoned", 1});
  server->advance(1s);
  EXPECT_EQ(answer(seq), strings{"e:503"});
  EXPECT_EQ(all.made, 106);
}

TEST_F(Keyed, NeverFailsACallAtTheEdgeOfIdleness) {
  a.handle_actor<bid, int>("bid", lots({.idle = 1ms}));
  test_client& c = serve();
  std::mt19937 random{4711};
  int failures = 0;

  for (int i = 0; i < 20'000; ++i) {
    const auto seq = c.open("bid", bid{"key " + std::to_string(random() % 3), 1});
    server->advance(std::chrono::microseconds{random() % 1'500});
    const auto got = answer(seq);
    if (got.size() != 1 || !got[0].starts_with("m:")) ++failures;
  }

  EXPECT_EQ(failures, 0);
  EXPECT_FALSE(all.doubled);
  EXPECT_GT(all.made, 1'000); // the edge was met
  EXPECT_LE(all.most_alive, 3);
  server->advance(1s);
  EXPECT_EQ(all.alive, 0);
}

TEST_F(Keyed, EndsItsActorsWithTheServer) {
  a.handle_actor<bid, int>("bid", lots({.idle = 1s}));
  for (int round = 0; round < 2; ++round) { // one server after the other
    test_client& c = serve();
    for (const char* name : {"a", "b", "c"}) EXPECT_EQ(outcome_of(c, name, 1), 1);
    server->advance(1s);
    EXPECT_EQ(all.alive, 0);
    outcome_of(c, "a", 1);
    EXPECT_EQ(all.alive, 1);

    end();

    EXPECT_EQ(all.alive, 0);
  }
}

// --- Another actor for a name

TEST_F(Roster, GivesNewCallsToTheActorThatANameIsBoundTo) {
  a.handle_actor<int, int>("add", a.spawn("house", worker, &all));
  test_client& c = serve();
  const auto old = c.open("add", 0);
  const caf::actor next = server->system().spawn(worker, &others);

  server->rebind("add", next);

  EXPECT_EQ(c.call<int>("add", 1), 2);
  EXPECT_EQ(all.alive, 1); // still has a call
  EXPECT_EQ(answer(old), strings{});
  c.cancel(old);
  server->run();
  EXPECT_EQ(all.alive, 0);
  EXPECT_EQ(others.alive, 1);
  EXPECT_EQ(c.call<int>("add", 2), 3);
}

TEST_F(Roster, OfAnActorThatANameIsBoundToSaysThatItHasEnded) {
  a.handle_actor<int, int>("add", a.spawn("house", worker, &all));
  test_client& c = serve();
  server->rebind("add", server->system().spawn(worker, &all));
  EXPECT_TRUE(server->runtime().reasons_not_ready().empty());

  EXPECT_EQ(outcome_of(c, "add", -1), -500);
  server->run();
  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  EXPECT_EQ(server->runtime().reasons_not_ready(), strings{"actor house: has ended"});

  const caf::actor dead = server->system().spawn(worker, &all);
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  server->run();
  server->rebind("add", dead);
  server->run();
  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  EXPECT_EQ(server->runtime().reasons_not_ready(), strings{"actor house: has ended"});

  server->rebind("add", server->system().spawn(worker, &all));
  EXPECT_EQ(c.call<int>("add", 1), 2);
  EXPECT_TRUE(server->runtime().reasons_not_ready().empty());
}

TEST_F(Roster, DoesNotEndAnActorThatHasGotItsNameBack) {
  a.handle_actor<int, int>("add", a.spawn("house", worker, &all));
  a.handle_actor<int, int>("more", a.spawn("hall", worker, &others));
  test_client& c = serve();
  const caf::actor one = server->system().spawn(worker, &all);
  const caf::actor other = server->system().spawn(worker, &all);
  const ends_here end_one{one};

  server->rebind("add", one);
  server->rebind("add", one);
  server->advance(10s);
  EXPECT_EQ(c.call<int>("add", 1), 2);
  EXPECT_EQ(all.alive, 2); // that of the app has ended

  const auto open = c.open("add", 0);
  server->rebind("add", other);
  server->rebind("add", one);
  c.cancel(open);
  server->advance(10s);
  EXPECT_EQ(c.call<int>("add", 2), 3);
  EXPECT_EQ(all.alive, 1); // the other has ended

  const auto last = c.open("add", 0);
  server->rebind("add", server->system().spawn(worker, &all));
  server->rebind("more", one);
  c.cancel(last);
  server->advance(10s);
  EXPECT_EQ(c.call<int>("more", 3), 4);
  EXPECT_EQ(all.alive, 2);
}

TEST_F(Roster, LetsAnActorOfTwoNamesFinishTheCallsOfBoth) {
  test_server early;
  const caf::actor old = early.system().spawn(worker, &all);
  a.handle_actor<int, int>("add", old);
  a.handle_actor<int, int>("too", old);
  early.serve(a);
  test_client c{early};
  const auto first = c.open("add", 0);
  const caf::actor next = early.system().spawn(worker, &others);

  early.rebind("add", next);
  early.rebind("too", next);
  early.advance(10s);
  EXPECT_EQ(all.alive, 1);
  EXPECT_EQ(arrived(c, first), strings{});

  c.cancel(first);
  early.run();
  EXPECT_EQ(all.alive, 0);
  EXPECT_EQ(others.alive, 1);
}

TEST_F(Roster, KillsAnActorThatWasReplacedAndDoesNotEnd) {
  test_server early;
  const auto stays = [this](caf::stateful_actor<lives>* self) {
    self->set_exit_handler([](const caf::exit_msg&) {});
    return worker(self, &all);
  };
  const caf::actor old = early.system().spawn(stays);
  a.handle_actor<int, int>("add", old);
  a.handle_actor<int, int>("too", old);
  early.serve(a);
  const caf::actor next = early.system().spawn(worker, &all);

  early.rebind("add", next);
  early.advance(10s);
  EXPECT_EQ(all.alive, 2); // it still serves the other name
  early.rebind("too", next);
  early.advance(4999ms);
  EXPECT_EQ(all.alive, 2);
  early.advance(1ms);
  EXPECT_EQ(all.alive, 1);
}

TEST_F(Roster, RefusesActorsThatCannotTakeAName) {
  using stock = caf::typed_actor<caf::replies_to<int>::with<int>>;
  using other = caf::typed_actor<caf::replies_to<std::string>::with<int>>;
  a.handle_actor("stock",
                 a.spawn("stock", [](stock::pointer) -> stock::behavior_type { return {[](int v) { return v; }}; }));
  a.handle_actor<int, int>("add", supervised{maker()});
  a.handle("plain", [](request<int> r) { return r.data(); });
  serve();
  const other wrong = server->system().spawn(
      [](other::pointer) -> other::behavior_type { return {[](const std::string&) { return 1; }}; });
  const caf::actor any = server->system().spawn(worker, &all);
  const ends_here end_any{any}, end_wrong{caf::actor_cast<caf::actor>(wrong)};

  EXPECT_THROW(server->rebind("stock", wrong), std::invalid_argument);
  EXPECT_THROW(server->rebind("stock", caf::actor{}), std::invalid_argument);
  EXPECT_THROW(server->rebind("add", any), std::invalid_argument); // it would be made again
  EXPECT_THROW(server->rebind("plain", any), std::invalid_argument);
  EXPECT_THAT([&] { server->rebind("nobody", any); },
              testing::ThrowsMessage<std::invalid_argument>("no actor serves nobody; actors serve add, stock"));
}

// --- At the start

TEST_F(Roster, OfAnActorInAnotherProcessIsAMistakeOfTheApp) {
  test_server s;
  const caf::node_id elsewhere = caf::make_node_id(4711, "0011223344556677889900112233445566778899").value();
  caf::actor_config config;
  const auto proxy =
      caf::make_actor<caf::forwarding_actor_proxy, caf::actor>(1, elsewhere, &s.system(), config, caf::actor{});
  a.handle_actor<int, int>("far", proxy);

  EXPECT_THAT([this] { a.validate(); }, testing::ThrowsMessage<invalid_configuration>(testing::AllOf(
                                            testing::HasSubstr("handlers.far: "),
                                            testing::HasSubstr("handlers of other processes are those of workers"))));
}

} // namespace
} // namespace swill
