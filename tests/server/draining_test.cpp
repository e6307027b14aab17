#include "actors/ask.hpp"
#include "actors/runtime.hpp"
#include "tests/server/calls.hpp"

#include <caf/all.hpp>

// What a server that is going to stop does with its connections: endless streams end, others may finish, hooks get their time.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

void drain(test_server& s) {
  s.runtime().drain();
  s.run();
}

struct streaming_app : logged_app {
  int alive = 0;
  outcomes ends;
  streaming_app() {
    const auto forever = [this](request<>) -> stream<int> {
      const counted guard{alive};
      co_yield 1;
      co_await sleep_for(1h);
    };
    handle("endless", forever, {.endless = true});
    handle("long", forever);
    handle("one", [](request<>) { return 1; });
    ends.listen(*this);
  }
};

TEST(Draining, EndsEndlessStreamsAtOnceAndThenTheConnection) {
  streaming_app a;
  test_server s{a};
  test_client c{s};
  const auto first = c.open("endless", nothing{}), second = c.open("endless", nothing{});
  ASSERT_EQ(arrived(c, first), strings{"m:1"});

  drain(s); // the clock stands still

  const auto last = c.receive(first);
  ASSERT_TRUE(last && last->failure);
  EXPECT_EQ(last->failure->code, 503);
  EXPECT_EQ(last->failure->data, value::map({{"retryable", true}}));
  EXPECT_EQ(arrived(c, second), (strings{"m:1", "e:503"}));
  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.ends.seen, (strings{"endless error 503", "endless error 503"}));
  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1001);
}

TEST(Draining, LeavesOtherRequestsAndTheirConnectionAlone) {
  streaming_app a;
  test_server s{a};
  test_client c{s};
  const auto open = c.open("long", nothing{});
  const auto endless = c.open("endless", nothing{});

  drain(s);

  EXPECT_EQ(arrived(c, open), strings{"m:1"});
  EXPECT_EQ(arrived(c, endless), (strings{"m:1", "e:503"}));
  EXPECT_FALSE(c.pipe().closed());
  const auto refused = c.open("one", nothing{});
  EXPECT_EQ(arrived(c, refused), strings{"e:503"});
  c.cancel(open);
  s.run();
  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1001);
}

TEST(Draining, IsSeenByHandlers) {
  logged_app a;
  a.handle("until it drains", [](request<> r) -> stream<bool> {
    while (!r.context().is_draining()) {
      co_yield false;
      co_await sleep_for(10ms);
    }
    co_yield true;
  });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("until it drains", nothing{});
  s.advance(10ms);
  ASSERT_EQ(arrived(c, seq), (strings{"m:false", "m:false"}));

  drain(s);
  s.advance(10ms);

  EXPECT_EQ(arrived(c, seq), (strings{"m:true", "end"}));
  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1001);
}

TEST(Draining, ClosesAConnectionWhoseHooksHaveTakenUntilThen) {
  logged_app a;
  a.before_accept([](connection&) -> task<void> { co_await sleep_for(10ms); });
  test_server s{a};
  test_client c{s};

  drain(s);
  s.advance(10ms);

  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1001);
}

TEST(Draining, RefusesAHandshakeWhoseHooksTakeTooLongWith503) {
  logged_app a;
  a.before_connection([](connection&) -> task<void> { co_await sleep_for(1h); });
  auto s = std::make_unique<test_server>(a);
  test_client c{*s};

  s->runtime().shut_down({.turn = [&](clock_duration d) {
    s->run();
    s->advance(d);
  }});

  ASSERT_TRUE(c.pipe().rejected());
  EXPECT_EQ(c.pipe().rejected()->status, 503);
  EXPECT_EQ(a.lines(), strings{"info closed 0 connections that had not ended by then"});
}

// --- The hooks at the end

caf::behavior doubles(caf::event_based_actor* self, int) {
  return {[self](int n) {
    static_cast<void>(self);
    return 2 * n;
  }};
}

/// Ends the server of a client that has a request open, and gives what the clock says then.
clock_duration stop_with_open_request(test_server& s, bool& ended) {
  test_client c{s};
  c.open("sleep", nothing{});
  const clock_time before = s.loop().now();
  ended = s.runtime().shut_down({.turn = [&](clock_duration d) {
    s.run();
    s.advance(d);
  }});
  return s.loop().now() - before;
}

struct hooked_app : logged_app {
  caf::actor doubler;
  strings seen;
  hooked_app() {
    handle("sleep", [](request<>) -> task<void> { co_await sleep_for(1h); });
  }
  /// Waits, and asks an actor.
  task<void> hook(std::string name, clock_duration d) {
    co_await sleep_for(d);
    const int answer = co_await ask<int>(doubler, 1h, 21);
    seen.push_back(name + " " + std::to_string(answer));
  }
};

TEST(Shutdown, LetsHooksWaitAndAskAfterItHasCancelled) {
  hooked_app a;
  a.after_request([&a](context&) { return a.hook("after_request", 1s); });
  a.after_connection([&a](connection&) { return a.hook("after_connection", 500ms); });
  test_server s{a};
  a.doubler = s.runtime().system().spawn(doubles, 0);

  bool ended = false;
  const auto took = stop_with_open_request(s, ended);
  caf::anon_send_exit(a.doubler, caf::exit_reason::kill);
  a.doubler = {};

  EXPECT_TRUE(ended);
  EXPECT_EQ(a.seen, (strings{"after_request 42", "after_connection 42"}));
  EXPECT_LE(took, a.limits().drain_timeout + a.limits().close_timeout);
}

TEST(Shutdown, CancelsHooksThatTakeLongerThanItsTime) {
  hooked_app a;
  a.after_request([&a](context&) { return a.hook("after_request", 1h); });
  a.after_connection([&a](connection&) { return a.hook("after_connection", 1h); });
  test_server s{a};

  bool ended = false;
  const auto took = stop_with_open_request(s, ended);

  EXPECT_TRUE(ended);
  EXPECT_EQ(a.seen, strings{});
  EXPECT_LE(took, a.limits().drain_timeout + a.limits().close_timeout);
  EXPECT_THAT(a.lines(),
              testing::Contains("info closed 1 connection that had not ended by then, and cancelled what they "
                                "were calling: sleep"));
}

} // namespace
} // namespace swill
