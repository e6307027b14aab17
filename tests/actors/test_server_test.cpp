#include "tests/actors/world.hpp"

#include <thread>

// Actors of the application in a test_server: on its loop, by its clock, always in the same order.

namespace swill::test {
namespace {

using namespace std::chrono_literals;

struct ActorsInATestServer : testing::Test {
  app a;
  test_server s{a};
  strings seen;

  caf::actor spawn(std::function<caf::behavior(caf::event_based_actor*)> f) {
    return s.system().spawn([f = std::move(f)](caf::event_based_actor* self, int) { return f(self); }, 0);
  }
};

TEST_F(ActorsInATestServer, RunOnTheThreadOfTheTest) {
  std::thread::id ran;
  const ends_here end{spawn(
      [&](caf::event_based_actor*) -> caf::behavior { return {[&ran](int) { ran = std::this_thread::get_id(); }}; })};
  caf::anon_send(end.who(), 1);
  EXPECT_EQ(ran, std::thread::id{}) << "before its turn";

  s.run();

  EXPECT_EQ(ran, std::this_thread::get_id());
}

TEST_F(ActorsInATestServer, SendLaterByTheManualClock) {
  const ends_here end{spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->delayed_send(self, 1h, 7);
    return {[this](int n) { seen.push_back(std::to_string(n)); }};
  })};

  s.advance(1h - 1ms);
  EXPECT_EQ(seen, strings{});
  s.advance(1ms);
  EXPECT_EQ(seen, strings{"7"});
}

TEST_F(ActorsInATestServer, WaitForAnswersByTheManualClock) {
  const ends_here silent{spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { static_cast<void>(self->make_response_promise()); }};
  })};
  const ends_here end{spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->request(silent.who(), 10min, 1)
        .then([] {},
              [&](const caf::error& e) { seen.push_back(e == caf::sec::request_timeout ? "timeout" : "other"); });
    return {[](bool) {}};
  })};

  s.advance(10min - 1ms);
  EXPECT_EQ(seen, strings{});
  s.advance(1ms);
  EXPECT_EQ(seen, strings{"timeout"});
}

TEST_F(ActorsInATestServer, TakeTurnsInTheSameOrder) {
  strings first;
  for (int round = 0; round < 20; ++round) {
    seen.clear();
    std::vector<std::unique_ptr<ends_here>> all;
    for (int n = 0; n < 5; ++n) {
      all.push_back(std::make_unique<ends_here>(spawn([this, n](caf::event_based_actor* self) -> caf::behavior {
        return {[this, n, self](const caf::actor& next, int left) {
          seen.push_back(std::to_string(n) + ":" + std::to_string(left));
          if (left > 0) self->send(next, self, left - 1);
        }};
      })));
    }
    for (int n = 0; n < 5; ++n) caf::anon_send(all[n]->who(), all[(n * 2 + 1) % 5]->who(), 3);
    s.run();

    EXPECT_EQ(seen.size(), 20U);
    if (round == 0) first = seen;
    EXPECT_EQ(seen, first);
  }
}

TEST(TwoTestServers, HaveClocksOfTheirOwn) {
  app a;
  test_server one{a};
  test_server two{a};
  strings seen;
  const auto late = [&seen](std::string name) {
    return [&seen, name = std::move(name)](caf::event_based_actor* self, int) -> caf::behavior {
      self->delayed_send(self, 1h, 1);
      return {[&seen, name](int) { seen.push_back(name); }};
    };
  };
  const ends_here end_one{one.system().spawn(late("one"), 0)};
  const ends_here end_two{two.system().spawn(late("two"), 0)};
  one.run();
  two.run();

  two.advance(1h);
  EXPECT_EQ(seen, strings{"two"});
  one.advance(1h);
  EXPECT_EQ(seen, (strings{"two", "one"}));
}

} // namespace
} // namespace swill::test
