#include "tests/server/calls.hpp"

// CANCEL reaches a handler wherever it waits; after_request runs once, whatever ends the request.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// Handlers that wait in each of the ways there are, each with an object that counts itself.
struct waiting_app : logged_app {
  int alive = 0;
  int cancelled_seen = 0;
  int went_on = 0;
  outcomes ends;

  task<int> noting(task<void> inner) {
    const counted guard{alive};
    try {
      co_await std::move(inner);
    } catch (const cancelled&) {
      ++cancelled_seen;
      throw;
    }
    ++went_on;
    co_return 1;
  }
  static task<void> sleep() { co_await sleep_for(1h); }
  static task<void> race() { co_await when_any(sleep_for(1h), sleep_for(2h)); }
  static task<void> both() { co_await when_all(sleep_for(1h), sleep_for(2h)); }
  static task<void> next(streaming_request<int> in) {
    while (const auto item = co_await in.next()) {
    }
  }
  static task<void> deep(int levels) {
    if (levels == 0)
      co_await sleep_for(1h);
    else
      co_await deep(levels - 1);
  }

  waiting_app() {
    handle("sleep", [this](request<int>) { return noting(sleep()); });
    handle("when_any", [this](request<int>) { return noting(race()); });
    handle("when_all", [this](request<int>) { return noting(both()); });
    handle("deep", [this](request<int>) { return noting(deep(100)); });
    handle("next", [this](streaming_request<int> in) { return noting(next(in)); });
    handle("full", [this](request<int>) -> stream<std::string> {
      const counted guard{alive};
      try {
        for (;;) co_yield std::string(1000, 'x');
      } catch (const cancelled&) {
        ++cancelled_seen;
        throw;
      }
    });
    handle("stubborn", [this](request<int>) -> task<int> {
      const counted guard{alive};
      for (int i = 0; i < 3; ++i) {
        try {
          co_await sleep_for(1h);
          ++went_on;
        } catch (const cancelled&) {
          if (i == 2) ++cancelled_seen;
        }
      }
      co_return 5; // dropped
    });
    handle("echo", [](request<int> r) { return r.data(); });
    ends.listen(*this);
  }
};

struct CallCancel : testing::TestWithParam<const char*> {};

TEST_P(CallCancel, ByTheClientEndsTheWait) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  if (GetParam() == std::string{"full"}) c.pipe().stall();
  const auto seq = c.open(GetParam(), 1);
  ASSERT_EQ(a.alive, 1);

  c.cancel(seq);

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.cancelled_seen, 1);
  EXPECT_EQ(a.went_on, 0);
  EXPECT_EQ(a.ends.seen, strings{std::string{GetParam()} + " cancelled"});
  EXPECT_EQ(s.loop().timers(), 0U);
  c.pipe().stall(false);
  for (const auto& text : arrived(c, seq)) EXPECT_EQ(text.substr(0, 2), "m:"); // of the stream, before
  s.advance(3h);
  EXPECT_EQ(arrived(c, seq), strings{});
  EXPECT_EQ(c.call<int>("echo", 3), 3);
}

TEST_P(CallCancel, ByTheEndOfTheConnectionEndsTheWait) {
  waiting_app a;
  test_server s{a};
  test_client c{s}, other{s};
  if (GetParam() == std::string{"full"}) c.pipe().stall();
  c.open(GetParam(), 1);
  ASSERT_EQ(a.alive, 1);

  c.pipe().drop();
  s.run();

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.cancelled_seen, 1);
  EXPECT_EQ(a.ends.seen, strings{std::string{GetParam()} + " cancelled"});
  EXPECT_EQ(other.call<int>("echo", 3), 3);
}

TEST_P(CallCancel, ByItsDeadlineIs408) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  if (GetParam() == std::string{"full"}) c.pipe().stall();
  const auto seq = c.open(GetParam(), 1, metadata{"timeout_ms", 50});

  s.advance(49ms);
  EXPECT_EQ(a.alive, 1);
  s.advance(1ms);

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.cancelled_seen, 1);
  EXPECT_EQ(a.ends.seen, strings{std::string{GetParam()} + " error 408"});
  c.pipe().stall(false);
  const auto all = arrived(c, seq);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back(), "e:408");
  EXPECT_EQ(std::count(all.begin(), all.end(), "e:408"), 1);
}

TEST_P(CallCancel, ByShutdownEndsTheWait) {
  waiting_app a;
  a.limits().drain_timeout = 20ms;
  {
    test_server s{a};
    test_client c{s};
    if (GetParam() == std::string{"full"}) c.pipe().stall();
    c.open(GetParam(), 1);
    ASSERT_EQ(a.alive, 1);
  }

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.ends.seen, strings{std::string{GetParam()} + " cancelled"});
}

INSTANTIATE_TEST_SUITE_P(Waits, CallCancel,
                         testing::Values("sleep", "when_any", "when_all", "deep", "next", "full", "stubborn"),
                         [](const auto& i) { return std::string{i.param}; });

TEST(CallCancelled, UnderAnotherNameIsIgnored) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sleep", 1);

  send_envelope(c, seq, "next", wire::request_type::cancel);
  send_envelope(c, 99, "sleep", wire::request_type::cancel);
  s.run();

  EXPECT_EQ(a.alive, 1);
  EXPECT_EQ(arrived(c, seq), strings{});
}

TEST(CallCancelled, TwiceIsOnce) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sleep", 1);

  c.cancel(seq);
  c.cancel(seq);

  EXPECT_EQ(a.ends.seen, strings{"sleep cancelled"});
}

TEST(CallCancelled, SeqIsFreeAgain) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sleep", 1);
  c.cancel(seq);

  send_message(c, seq, "echo", 9);

  EXPECT_EQ(arrived(c, seq), strings{"m:9"});
}

TEST(CallCancelled, TellsItsStopToken) {
  std::stop_token token;
  int called = 0;
  logged_app a;
  a.handle("wait", [&](request<int> r) -> task<int> {
    token = r.context().stop_token();
    const std::stop_callback tell{token, [&called] { ++called; }};
    co_await sleep_for(1h);
    co_return 1;
  });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("wait", 1);
  EXPECT_FALSE(token.stop_requested());

  c.cancel(seq);

  EXPECT_TRUE(token.stop_requested());
  EXPECT_EQ(called, 1);
}

TEST(CallCancelled, TellsNoStopTokenOfAnEarlierRequest) {
  std::stop_token plain, waited;
  logged_app a;
  a.handle("plain", [&](request<int> r) {
    plain = r.context().stop_token();
    return 1;
  });
  a.handle("wait", [&](request<int> r) -> task<int> {
    waited = r.context().stop_token();
    co_await sleep_for(1h);
    co_return 1;
  });
  test_server s{a};
  test_client c{s};
  c.call("plain", 1);
  const auto first = c.open("wait", 1);
  c.cancel(first);
  const std::stop_token before = waited;
  const auto second = c.open("wait", 1);

  EXPECT_TRUE(before.stop_requested());
  EXPECT_FALSE(waited.stop_requested());
  c.cancel(second);

  EXPECT_FALSE(plain.stop_requested());
}

TEST(CallCancelled, FromWithinItsOwnHandlerBySeqInUse) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sleep", 1);

  send_message(c, seq, "sleep", 1);

  EXPECT_EQ(arrived(c, seq), strings{"e:400"});
  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.ends.seen, strings{"sleep error 400"});
}

} // namespace
} // namespace swill
