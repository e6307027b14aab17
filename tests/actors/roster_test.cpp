#include "actors/roster.hpp"

#include "tests/actors/rosters.hpp"

#include <caf/forwarding_actor_proxy.hpp>

#include <set>

// Actors that a server makes for its app: one, or several; made again when they die.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

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
                  "plugins.actor house: an app can have only one of these; app.use, or app.spawn, was given two")));
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
