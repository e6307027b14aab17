#include "actors/ask.hpp"

#include "tests/actors/world.hpp"

#include <set>

// Handlers that ask other actors.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct asking_app : logged_app {
  caf::actor other;
  int alive = 0;
  std::chrono::milliseconds timeout{1h};
  asking_app() {
    handle("ask", [this](request<int> r) -> task<int> {
      const counted guard{alive};
      co_return co_await ask<int>(other, timeout, r.data());
    });
    handle("add", [](request<int> r) { return r.data() + 1; });
  }
};

/// Answers n with n + 1; 0 with an error of ours, -1 with one of CAF's, -2 with text, -3 never, -4 by dying.
// The argument: for a function without one CAF dereferences a null pointer, which the standard library's assertions catch.
caf::behavior answers(caf::event_based_actor* self, int) {
  return {[self](int n) -> caf::result<caf::message> {
    switch (n) {
      case 0: return to_caf(error{409, "taken"});
      case -1: return caf::make_error(caf::sec::invalid_argument);
      case -2: return caf::make_message(std::string{"text"});
      case -3: return self->make_response_promise();
      case -4: self->quit(caf::exit_reason::unhandled_exception); return self->make_response_promise();
      default: return caf::make_message(n + 1);
    }
  }};
}

struct Ask : testing::Test {
  static constexpr std::chrono::milliseconds timeout_of_hooks{1h};
  asking_app a;
  /// What arrives for a question; turns the clock in between when it must.
  strings outcome_of(int n, clock_duration advance = {}) {
    test_server s{a};
    a.other = s.runtime().system().spawn(answers, 0);
    const ends_here end{a.other};
    test_client c{s};
    const auto seq = c.open("ask", n);
    if (advance.count() != 0) s.advance(advance);
    strings all;
    EXPECT_TRUE(run_until(s, [&] {
      for (auto& text : arrived(c, seq)) all.push_back(std::move(text));
      return !all.empty();
    }));
    EXPECT_EQ(a.alive, 0);
    EXPECT_EQ(s.loop().timers(), 0U);
    EXPECT_EQ(c.call<int>("add", 1), 2);
    a.other = {};
    return all;
  }
};

TEST_F(Ask, GetsAnAnswer) { EXPECT_EQ(outcome_of(41), strings{"m:42"}); }
TEST_F(Ask, GetsAnErrorForTheClient) { EXPECT_EQ(outcome_of(0), strings{"e:409"}); }
TEST_F(Ask, OtherErrorsAreUnforeseen) {
  EXPECT_EQ(outcome_of(-1), strings{"e:500"});
  EXPECT_EQ(a.lines().size(), 1U);
}
TEST_F(Ask, AnswerOfTheWrongTypeIsUnforeseen) { EXPECT_EQ(outcome_of(-2), strings{"e:500"}); }
TEST_F(Ask, DeathWhileItHandlesIs503) { EXPECT_EQ(outcome_of(-4), strings{"e:503"}); }
TEST_F(Ask, TimeoutIs408) {
  a.timeout = 20ms;
  EXPECT_EQ(outcome_of(-3, 20ms), strings{"e:408"});
}

TEST_F(Ask, TimeoutBeyondTheClockIsLong) {
  a.timeout = std::chrono::milliseconds::max();
  EXPECT_EQ(outcome_of(41, 1s), strings{"m:42"});
}

TEST_F(Ask, TellsTheTraceOfItsRequest) {
  strings traces;
  std::set<caf::actor_id> senders;
  a.handle("ask and rest", [this](request<> r) -> task<std::string> {
    co_await ask<int>(a.other, 1h, 1);
    co_await sleep_for(1ms); // an actor that ends on its own mail would not serve another request
    co_return std::string{r.context().trace()};
  });
  test_server s{a};
  a.other = s.runtime().system().spawn(
      [&](caf::event_based_actor* self, int) -> caf::behavior {
        return {[self, &traces, &senders](int n) {
          traces.push_back(trace_of(self->current_sender()));
          senders.insert(self->current_sender()->id());
          return n;
        }};
      },
      0);
  const ends_here end{a.other};
  test_client c{s};
  const std::string one(32, 'a'), two(32, 'b');
  for (const std::string& trace : {one, std::string{}, two}) {
    const auto seq = c.open("ask and rest", nothing{}, {"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"});
    s.advance(1ms);
    EXPECT_EQ(c.expect<std::string>(seq), trace);
  }

  EXPECT_EQ(traces, (strings{one, "", two}));
  EXPECT_EQ(senders.size(), 1U); // one actor has served all three
  EXPECT_EQ(trace_of(nullptr), "");
  EXPECT_EQ(trace_of(caf::actor_cast<caf::strong_actor_ptr>(a.other)), "");
  a.other = {};
}

TEST_F(Ask, HooksOfConnectionsMayAsk) {
  strings seen;
  const auto asks = [&](std::string hook, int n) {
    return [this, &seen, hook = std::move(hook), n](connection&, auto&&...) -> task<void> {
      try {
        seen.push_back(hook + " " + std::to_string(co_await ask<int>(a.other, timeout_of_hooks, n)));
      } catch (const error& e) {
        seen.push_back(hook + " failed with " + std::to_string(e.code));
      }
    };
  };
  a.before_connection(asks("before_connection", 1));
  a.before_accept(asks("before_accept", 0));
  a.after_accept(asks("after_accept", 2));
  a.after_connection(asks("after_connection", 3));
  test_server s{a};
  a.other = s.runtime().system().spawn(answers, 0);
  const ends_here end{a.other};
  {
    test_client c{s};
    EXPECT_TRUE(run_until(s, [&] { return seen.size() == 3; }));
    EXPECT_EQ(c.call<int>("add", 1), 2);
  }
  EXPECT_TRUE(run_until(s, [&] { return seen.size() == 4; }));
  EXPECT_EQ(seen,
            (strings{"before_connection 2", "before_accept failed with 409", "after_accept 3", "after_connection 4"}));
  a.other = {};
}

TEST_F(Ask, HooksWhoseActorIsKilledGetNoAnswer) {
  strings seen;
  caf::strong_actor_ptr asker;
  a.before_accept([&](connection&) -> task<void> {
    for (int i = 0; i < 2; ++i) {
      try {
        co_await ask<int>(a.other, timeout_of_hooks, 1);
      } catch (const error& e) {
        seen.push_back(std::to_string(e.code));
      }
    }
  });
  test_server s{a};
  a.other = s.system().spawn(
      [&](caf::event_based_actor* self, int) -> caf::behavior {
        return {[&, self](int) {
          asker = self->current_sender();
          return self->make_response_promise();
        }};
      },
      0);
  const ends_here end{a.other};
  test_client c{s};
  ASSERT_TRUE(asker);
  EXPECT_EQ(seen, strings{});

  kill(asker);
  asker = {};
  s.run();

  EXPECT_EQ(seen, (strings{"503", "503"}));
  EXPECT_EQ(s.loop().timers(), 0U);
  a.other = {};
}

TEST_F(Ask, OneThatIsDeadAlreadyIs503) {
  test_server s{a};
  a.other = s.runtime().system().spawn(answers, 0);
  {
    caf::scoped_actor me{s.runtime().system()};
    me->send_exit(a.other, caf::exit_reason::kill);
    s.run();
    me->wait_for(a.other);
  }
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("ask", 1)), strings{"e:503"});
  a.other = {};
}

TEST_F(Ask, NobodyIs503) {
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("ask", 1)), strings{"e:503"});
}

TEST_F(Ask, TimeoutNeverPassesTheDeadline) {
  test_server s{a};
  a.other = s.runtime().system().spawn(answers, 0);
  const ends_here end{a.other};
  test_client c{s};
  const auto seq = c.open("ask", -3, metadata{"timeout_ms", 30});

  s.advance(29ms);
  EXPECT_EQ(arrived(c, seq), strings{});
  s.advance(1ms);

  EXPECT_EQ(arrived(c, seq), strings{"e:408"});
  EXPECT_EQ(a.alive, 0);
  a.other = {};
}

TEST_F(Ask, LateAnswerOfACancelledOneHarmsNobody) {
  caf::response_promise promise;
  std::atomic<bool> asked{false};
  test_server s{a};
  a.other = s.runtime().system().spawn(
      [&](caf::event_based_actor* self, int) -> caf::behavior {
        return {[&, self](int n) -> caf::result<int> {
                  if (n != 7) return n;
                  promise = self->make_response_promise();
                  asked = true;
                  return caf::delegated<int>{};
                },
                [&](bool) {
                  promise.deliver(99);
                  return true;
                }};
      },
      0);
  const ends_here end{a.other};
  test_client c{s};
  const auto first = c.open("ask", 7);
  ASSERT_TRUE(run_until(s, [&] { return asked.load(); }));
  c.cancel(first);
  EXPECT_EQ(a.alive, 0);

  const auto second = c.open("ask", 5);
  {
    caf::scoped_actor me{s.runtime().system()};
    auto answer = me->request(a.other, 10s, true);
    s.run();
    answer.receive([](bool) {}, [](const caf::error&) { FAIL(); });
  }
  strings all;
  ASSERT_TRUE(run_until(s, [&] {
    for (auto& text : arrived(c, second)) all.push_back(std::move(text));
    return !all.empty();
  }));

  EXPECT_EQ(all, strings{"m:5"}); // and not the 99
  EXPECT_EQ(arrived(c, first), strings{});
  a.other = {};
}

} // namespace
} // namespace swill
