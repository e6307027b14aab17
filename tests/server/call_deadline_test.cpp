#include "tests/server/calls.hpp"

#include <cmath>
#include <limits>

// Deadlines: of the client, the handler, the app, and their maxima.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct deadline_app : logged_app {
  int alive = 0;
  std::optional<clock_duration> told; ///< what the handler sees
  outcomes ends;
  deadline_app() { ends.listen(*this); }
  void serve(handler_options o = {}) {
    handle(
        "wait",
        [this](request<> r) -> task<int> {
          const counted guard{alive};
          if (const auto d = r.context().deadline()) told = *d - start;
          co_await sleep_for(1h);
          co_return 1;
        },
        o);
    handle(
        "quick", [](request<>) -> task<int> { co_return 1; }, o);
  }
  clock_time start = manual_loop{}.now();

  /// When the request ends with 408, if it does within a minute.
  std::optional<int> ends_after(const metadata& m = {}) {
    test_server s{*this};
    test_client c{s};
    const auto seq = c.open("wait", nothing{}, m);
    for (int ms = 0; ms <= 60'000; ms += ms < 200 ? 1 : 100) {
      if (const auto all = arrived(c, seq); !all.empty()) {
        EXPECT_EQ(all, strings{"e:408"});
        EXPECT_EQ(alive, 0);
        EXPECT_EQ(ends.seen.size(), 1U);
        return ms;
      }
      s.advance(std::chrono::milliseconds{ms < 200 ? 1 : 100});
    }
    return std::nullopt;
  }
};

TEST(CallDeadline, NoneMeansNone) {
  deadline_app a;
  a.serve();

  EXPECT_FALSE(a.ends_after());
  EXPECT_FALSE(a.told);
}

TEST(CallDeadline, OfTheClient) {
  deadline_app a;
  a.serve();

  EXPECT_EQ(a.ends_after(metadata{"timeout_ms", 50}), 50);
  EXPECT_EQ(a.told, 50ms);
}

TEST(CallDeadline, OfZeroOrLessPassesAtOnce) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    deadline_app a;
    a.serve();
    EXPECT_EQ(a.ends_after(metadata{"timeout_ms", ms}), 0) << ms;
  }
}

TEST(CallDeadline, OfAHandlerDoesNotOverflow) {
  deadline_app a;
  a.serve({.default_deadline = std::chrono::milliseconds::max()});

  EXPECT_FALSE(a.ends_after());
}

TEST(CallDeadline, OfTheFarFutureDoesNotOverflow) {
  for (const value& ms :
       {value{std::numeric_limits<std::int64_t>::max()}, value{std::numeric_limits<std::uint64_t>::max()}}) {
    deadline_app a;
    a.serve();
    EXPECT_FALSE(a.ends_after(metadata{"timeout_ms", ms}));
  }
}

TEST(CallDeadline, ThatIsAFloatIsRoundedUp) {
  for (const auto& [asked, ms] : {std::pair<value, int>{50.0, 50}, {49.2, 50}, {float{50}, 50}, {-1e300, 0}}) {
    deadline_app a;
    a.serve();
    EXPECT_EQ(a.ends_after(metadata{"timeout_ms", asked}), ms) << to_text(asked);
  }
  for (const value& asked : {value{1e300}, value{}}) { // for ever, and none
    deadline_app a;
    a.serve();
    EXPECT_FALSE(a.ends_after(metadata{"timeout_ms", asked})) << to_text(asked);
  }
}

TEST(CallDeadline, ThatIsNoNumberIs400AndNotSilence) {
  deadline_app a;
  a.serve();
  a.handle("plain", [](request<> r) { return r.context().deadline().has_value(); });
  a.handle("upload", [](streaming_request<int> in) -> task<int> { co_return (co_await in.next()) ? 1 : 0; });
  test_server s{a};
  test_client c{s};
  for (const value& ms : {value{"50"}, value{true}, value{value_array{1}}, value{std::nan("")}, value{HUGE_VAL}}) {
    for (const char* rpc : {"plain", "quick", "wait"}) {
      const error e = error_of([&] { c.call(rpc, nothing{}, metadata{"timeout_ms", ms}); });
      EXPECT_EQ(e.code, 400) << rpc << to_text(ms);
      EXPECT_EQ(e.message, "timeout_ms is not a number of milliseconds");
    }
    const auto seq = c.open("upload", 1, metadata{"timeout_ms", ms});
    c.send(seq, 2);
    c.end(seq);
    EXPECT_EQ(arrived(c, seq), strings{"e:400"});
  }
  EXPECT_EQ(a.ends.seen, strings{}); // nothing was opened

  logged_app bare; // whose plain functions are called at once
  bare.handle("plain", [](request<> r) { return r.context().deadline().has_value(); });
  test_server t{bare};
  test_client d{t};
  EXPECT_EQ(error_of([&] { d.call("plain", nothing{}, metadata{"timeout_ms", "50"}); }).code, 400);
  EXPECT_TRUE(d.call<bool>("plain", nothing{}, metadata{"timeout_ms", 50.0}));
}

TEST(CallDeadline, AmongOtherMetadata) {
  deadline_app a;
  a.serve();
  const metadata m{{"a", value::map({{"timeout_ms", 1}})}, {"timeout_ms", 30}, {"z", "y"}};

  EXPECT_EQ(a.ends_after(m), 30);
}

TEST(CallDeadline, DefaultsOfHandlerAndApp) {
  {
    deadline_app a;
    a.limits().default_deadline = 40ms;
    a.serve();
    EXPECT_EQ(a.ends_after(), 40);
  }
  {
    deadline_app a;
    a.limits().default_deadline = 40ms;
    a.serve({.default_deadline = 20ms});
    EXPECT_EQ(a.ends_after(), 20);
  }
  {
    deadline_app a;
    a.limits().default_deadline = 40ms;
    a.serve({.default_deadline = 20ms});
    EXPECT_EQ(a.ends_after(metadata{"timeout_ms", 90}), 90);
  }
}

TEST(CallDeadline, MaximaCutWhatTheClientWants) {
  {
    deadline_app a;
    a.limits().maximum_deadline = 60ms;
    a.serve();
    EXPECT_EQ(a.ends_after(metadata{"timeout_ms", 90}), 60);
  }
  {
    deadline_app a;
    a.limits().maximum_deadline = 60ms;
    a.serve({.maximum_deadline = 30ms});
    EXPECT_EQ(a.ends_after(metadata{"timeout_ms", 90}), 30);
  }
  {
    deadline_app a;
    a.serve({.maximum_deadline = 30ms});
    EXPECT_EQ(a.ends_after(metadata{"timeout_ms", 10}), 10);
  }
}

TEST(CallDeadline, LeavesNoTimerBehindAnAnswer) {
  deadline_app a;
  a.serve();
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("quick", nothing{}, metadata{"timeout_ms", 50}), 1);
  EXPECT_EQ(s.loop().timers(), 0U);
  EXPECT_EQ(c.call<int>("quick", nothing{}, metadata{"timeout_ms", 0}), 1); // it never waited
}

TEST(CallDeadline, OfOneRequestIsNotThatOfTheNext) {
  deadline_app a;
  a.serve();
  test_server s{a};
  test_client c{s};
  c.call<int>("quick", nothing{}, metadata{"timeout_ms", 50});

  const auto seq = c.open("wait", nothing{});
  s.advance(1min);

  EXPECT_EQ(arrived(c, seq), strings{});
  EXPECT_FALSE(a.told);
}

TEST(CallDeadline, CountsTheTimeOfHooksAndOfTheClient) {
  deadline_app a;
  a.before_request([](context&) -> task<void> { co_await sleep_for(30ms); });
  a.handle("upload", [](streaming_request<int> in) -> task<int> {
    while (co_await in.next()) {
    }
    co_return 1;
  });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("upload", 1, metadata{"timeout_ms", 50});
  s.advance(40ms);
  c.send(seq, 2);

  s.advance(9ms);
  EXPECT_EQ(arrived(c, seq), strings{});
  s.advance(1ms);

  EXPECT_EQ(arrived(c, seq), strings{"e:408"});
  c.send(seq, 3);
  EXPECT_EQ(arrived(c, seq), strings{});
}

TEST(CallDeadline, DuringAHookBeforeTheHandler) {
  int called = 0;
  deadline_app a;
  a.before_request([](context&) -> task<void> { co_await sleep_for(1h); });
  a.handle("f", [&called](request<>) { ++called; });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("f", nothing{}, metadata{"timeout_ms", 50});

  s.advance(2h);

  EXPECT_EQ(arrived(c, seq), strings{"e:408"});
  EXPECT_EQ(called, 0);
  EXPECT_EQ(a.ends.seen, strings{"f error 408"});
}

TEST(CallDeadline, IsToldToPlainFunctionsAndAfterTheEnd) {
  std::vector<std::optional<clock_duration>> told;
  logged_app a;
  manual_loop clock;
  const auto note = [&](context& c) {
    const auto d = c.deadline();
    told.push_back(d ? std::optional{*d - clock.now()} : std::nullopt);
  };
  a.handle("plain", [&](request<> r) { note(r.context()); });
  test_server s{a};
  test_client c{s};
  arrived(c, c.open("plain", nothing{}));
  arrived(c, c.open("plain", nothing{}, metadata{"timeout_ms", 20}));
  EXPECT_EQ(told, (std::vector<std::optional<clock_duration>>{std::nullopt, 20ms}));

  logged_app b;
  told.clear();
  b.handle("late", [](request<>) -> task<void> { co_await sleep_for(1h); });
  b.after_request(note);
  test_server t{b};
  test_client d{t};
  d.open("late", nothing{}, metadata{"timeout_ms", 20});
  t.advance(20ms);
  EXPECT_EQ(told, std::vector<std::optional<clock_duration>>{20ms});
}

} // namespace
} // namespace swill
