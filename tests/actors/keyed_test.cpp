#include "actors/actor_stream.hpp"
#include "tests/actors/rosters.hpp"

#include <random>

// Actors that a server makes for its app, one for each key: made on the first call of the key, ended when nobody calls.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

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
  std::optional<outgoing<int>> last;
  a.handle_actor<bid, stream_of<int>>(
      "bids", keyed{[](const bid& b) { return b.lot; },
                    [&](caf::event_based_actor* self, const std::string&) -> caf::behavior {
                      busy = self->address();
                      self->set_default_handler(caf::skip);
                      return {[&opened, &last, self](const std::string&) {
                        self->set_default_handler(caf::drop);
                        self->become(streaming(self, [&opened, &last](outgoing<int> to, const bid&) {
                          if (++opened == 3) last = std::move(to);
                        }));
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

} // namespace
} // namespace swill
