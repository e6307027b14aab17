#include "actors/runtime.hpp"
#include "tests/server/calls.hpp"

// The hooks of connections: refusing, accepting, closing, their order and their failures.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

TEST(ConnectionHooks, RunInOrder) {
  strings seen;
  logged_app a;
  a.before_connection([&](connection&) { seen.push_back("before_connection"); });
  a.before_accept([&](connection&) { seen.push_back("before_accept"); });
  a.after_accept([&](connection&) { seen.push_back("after_accept"); });
  a.after_request([&](context&) { seen.push_back("after_request"); });
  a.after_connection(
      [&](connection&, const close_reason& r) { seen.push_back("after_connection " + std::to_string(r.code)); });
  a.handle("wait", [](request<>) -> task<void> { co_await sleep_for(1h); });
  test_server s{a};
  test_client c{s};
  c.open("wait", nothing{});

  c.pipe().close(4002, "done");
  s.run();

  EXPECT_EQ(seen,
            (strings{"before_connection", "before_accept", "after_accept", "after_request", "after_connection 4002"}));
}

TEST(ConnectionHooks, MayAwaitBeforeTheyDecide) {
  logged_app a;
  a.before_connection([](connection&) -> task<void> { co_await sleep_for(10ms); });
  a.before_accept([](connection&) -> task<void> { co_await sleep_for(10ms); });
  a.after_accept([](connection&) -> task<void> { co_await sleep_for(10ms); });
  a.handle("f", [](request<int> r) { return r.data(); });
  test_server s{a};
  test_client c{s};

  s.advance(19ms);
  EXPECT_FALSE(c.pipe().is_open());
  s.advance(1ms);
  EXPECT_TRUE(c.pipe().is_open());
  const auto seq = c.open("f", 5); // waits for after_accept
  EXPECT_EQ(arrived(c, seq), strings{});
  s.advance(10ms);

  EXPECT_EQ(arrived(c, seq), strings{"m:5"});
}

/// Hooks in all mixtures, of a handshake or of what follows: a function, a function that gives an empty task, a coroutine that does not wait, and one that does.
struct mixed_hooks {
  static constexpr int count = 3;
  std::string seen;
  int kinds = 0;        ///< of each, two bits
  int rejects = -1;     ///< the number of the one that does
  bool is_late = false; ///< after_accept

  void run(int number) {
    seen += std::to_string(number);
    if (number != rejects) return;
    if (is_late) throw close_connection{4001, "not you"};
    throw rejection{401, "not you"};
  }
  task<void> wait(int number, clock_duration how_long) {
    if (how_long.count() != 0) co_await sleep_for(std::chrono::milliseconds{1});
    run(number);
  }
  void add(app& a, int number) {
    const auto to = [&](auto f) {
      if (is_late) return a.after_accept(f);
      number < count / 2 ? a.before_connection(f) : a.before_accept(f);
    };
    switch (kinds >> 2 * number & 3) {
      case 0: return to([this, number](connection&) { run(number); });
      case 1:
        return to([this, number](connection&) {
          run(number);
          return task<void>{};
        });
      case 2: return to([this, number](connection&) { return wait(number, 0ms); });
      default: return to([this, number](connection&) { return wait(number, 1ms); });
    }
  }
};

TEST(ConnectionHooks, RunInOrderWhetherTheyWaitOrNot) {
  for (int kinds = 0; kinds < 1 << 2 * mixed_hooks::count; ++kinds) {
    for (int rejects = -1; rejects < mixed_hooks::count; ++rejects) {
      mixed_hooks hooks{.kinds = kinds, .rejects = rejects};
      logged_app a;
      for (int n = 0; n < mixed_hooks::count; ++n) hooks.add(a, n);
      test_server s{a};
      test_client c{s};
      s.advance(10ms);

      const std::string all = "012";
      ASSERT_EQ(c.pipe().is_open(), rejects < 0) << kinds << ' ' << rejects;
      EXPECT_EQ(hooks.seen, rejects < 0 ? all : all.substr(0, static_cast<std::size_t>(rejects) + 1)) << kinds;
      EXPECT_EQ(c.pipe().rejected().has_value(), rejects >= 0) << kinds;
    }
  }
}

TEST(ConnectionHooks, OfAfterAcceptRunInOrderBeforeAnyRequest) {
  for (int kinds = 0; kinds < 1 << 2 * mixed_hooks::count; ++kinds) {
    for (int rejects = -1; rejects < mixed_hooks::count; ++rejects) {
      mixed_hooks hooks{.kinds = kinds, .rejects = rejects, .is_late = true};
      logged_app a;
      a.handle("seen", [&](request<>) { return hooks.seen; });
      for (int n = 0; n < mixed_hooks::count; ++n) hooks.add(a, n);
      test_server s{a};
      test_client c{s};
      const auto seq = rejects < 0 ? c.open("seen", nothing{}) : 0;
      s.advance(10ms);

      if (rejects < 0)
        EXPECT_EQ(arrived(c, seq), strings{R"(m:"012")"}) << kinds;
      else
        EXPECT_EQ(c.close_code(), 4001) << kinds << ' ' << rejects;
      EXPECT_EQ(hooks.seen.size(), static_cast<std::size_t>(rejects < 0 ? mixed_hooks::count : rejects + 1)) << kinds;
    }
  }
}

TEST(ConnectionHooks, RejectWithAStatusABodyAndHeaders) {
  for (const auto& [wanted, seen] : std::vector<std::pair<int, int>>{
           {401, 401}, {300, 300}, {599, 599}, {299, 500}, {600, 500}, {4003, 403}, {1000, 403}}) {
    int after = 0;
    logged_app a;
    a.before_connection([status = wanted](connection& c) {
      c.set_response_header("X-Why", "because");
      throw rejection{status, "go away"};
    });
    a.after_connection([&after](connection&) { ++after; });
    test_server s{a};
    test_client c{s};

    ASSERT_TRUE(c.pipe().rejected()) << wanted;
    EXPECT_EQ(c.pipe().rejected()->status, seen) << wanted;
    EXPECT_EQ(c.pipe().rejected()->body, "go away");
    EXPECT_EQ(c.pipe().rejected()->headers.at(0).second, "because");
    EXPECT_EQ(after, 0);
  }
}

TEST(ConnectionHooks, RejectWithAnErrorsCodeAndMessage) {
  for (const auto& [code, seen] : std::vector<std::pair<std::int64_t, int>>{
           {401, 401}, {503, 503}, {7, 500}, {-1, 500}, {4711, 403}, {std::int64_t{1} << 40, 403}}) {
    logged_app a;
    a.before_connection([code = code](connection& c) -> task<void> {
      c.set_response_header("X-Why", "because");
      throw error{code, "who are you?"};
      co_return;
    });
    test_server s{a};
    test_client c{s};

    ASSERT_TRUE(c.pipe().rejected()) << code;
    EXPECT_EQ(c.pipe().rejected()->status, seen) << code;
    EXPECT_EQ(c.pipe().rejected()->body, "who are you?");
    EXPECT_EQ(c.pipe().rejected()->headers.at(0).second, "because");
    EXPECT_EQ(a.lines(), strings{});
  }
}

TEST(ConnectionHooks, FailWith500AndALine) {
  for (const bool late : {false, true}) {
    logged_app a;
    if (late) {
      a.before_accept([](connection&) -> task<void> {
        co_await sleep_for(1ms);
        throw std::runtime_error{"broken hook"};
      });
    } else {
      a.before_connection([](connection&) { throw std::runtime_error{"broken hook"}; });
    }
    test_server s{a};
    test_client c{s};
    s.advance(1ms);

    ASSERT_TRUE(c.pipe().rejected());
    EXPECT_EQ(c.pipe().rejected()->status, 500);
    EXPECT_THAT(c.pipe().rejected()->body, testing::Not(testing::HasSubstr("broken")));
    EXPECT_THAT(a.lines(), testing::Contains(testing::HasSubstr("broken hook")));
  }
}

TEST(ConnectionHooks, ThatFailForEachClientWriteALineASecond) {
  logged_app a;
  a.before_connection([](connection&) { throw std::runtime_error{"broken hook"}; });
  test_server s{a};
  for (int i = 0; i < 50; ++i) {
    test_client c{s};
    ASSERT_TRUE(c.pipe().rejected());
  }
  EXPECT_EQ(a.lines().size(), 1U);

  s.advance(1s);
  ASSERT_EQ(a.lines().size(), 2U);
  EXPECT_THAT(a.lines()[1], testing::HasSubstr("(49 like it)"));
}

TEST(ConnectionHooks, SetHeadersAndCookiesOfTheResponse) {
  logged_app a;
  a.before_accept([](connection& c) {
    c.set_response_header("X-Room", "7");
    c.set_cookie("sid", "abc", "HttpOnly");
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.pipe().response_headers(), (header_list{{"X-Room", "7"}, {"Set-Cookie", "sid=abc; HttpOnly"}}));
}

TEST(ConnectionHooks, AfterAcceptMayClose) {
  int after = 0;
  logged_app a;
  a.after_accept([](connection&) { throw close_connection{4005, "not you"}; });
  a.after_connection([&after](connection&) { ++after; });
  test_server s{a};
  test_client c{s};

  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 4005);
  EXPECT_EQ(after, 1);
}

TEST(ConnectionHooks, AfterAcceptThatThrowsCloses1011) {
  logged_app a;
  a.after_accept([](connection&) -> task<void> {
    co_await sleep_for(1ms);
    throw std::runtime_error{"oops"};
  });
  test_server s{a};
  test_client c{s};
  s.advance(1ms);

  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1011);
  EXPECT_THAT(a.lines(), testing::Contains(testing::HasSubstr("oops")));
}

TEST(ConnectionHooks, AfterConnectionThatThrowsIsLogged) {
  logged_app a;
  a.after_connection([](connection&) { throw std::runtime_error{"oops"}; });
  test_server s{a};
  {
    test_client c{s};
    c.pipe().drop();
    s.run();
  }

  EXPECT_THAT(a.lines(), testing::Contains(testing::HasSubstr("oops")));
  test_client again{s};
  EXPECT_TRUE(again.pipe().is_open());
}

TEST(ConnectionHooks, AfterConnectionRunsWholeThoughSomeOfItThrow) {
  strings seen;
  logged_app a;
  a.after_connection([](connection&) { throw std::runtime_error{"first"}; });
  a.after_connection([&](connection&) { seen.push_back("second"); });
  a.after_connection([](connection&) -> task<void> {
    co_await sleep_for(1ms);
    throw std::runtime_error{"third"};
  });
  a.after_connection([&](connection&) -> task<void> {
    co_await sleep_for(1ms);
    seen.push_back("fourth");
  });
  test_server s{a};
  test_client c{s};

  c.pipe().drop();
  s.advance(2ms);

  EXPECT_EQ(seen, (strings{"second", "fourth"}));
  EXPECT_THAT(a.lines(), testing::ElementsAre(testing::HasSubstr("after_connection failed: std::runtime_error: first"),
                                              testing::HasSubstr("third")));
  EXPECT_EQ(s.runtime().connection_count(), 0U);
}

TEST(ConnectionHooks, PeerThatGoesWhileTheyDecideLeavesNothing) {
  int accepted = 0, after = 0;
  logged_app a;
  a.before_connection([](connection&) -> task<void> { co_await sleep_for(10ms); });
  a.after_accept([&](connection&) { ++accepted; });
  a.after_connection([&](connection&) { ++after; });
  test_server s{a};
  {
    test_client c{s};
    c.pipe().drop();
  }

  s.advance(20ms);

  EXPECT_EQ(accepted, 0);
  EXPECT_EQ(after, 0);
}

TEST(ConnectionHooks, PeerThatGoesWhileTheyDecideEndsThem) {
  int deciding = 0;
  logged_app a;
  a.before_connection([&](connection&) -> task<void> {
    const counted guard{deciding};
    co_await sleep_for(1h);
  });
  test_server s{a};
  test_client c{s};
  s.run();
  EXPECT_EQ(deciding, 1);

  c.pipe().drop();
  s.run();

  EXPECT_EQ(deciding, 0);
  EXPECT_EQ(a.lines(), strings{}); // nobody's fault
}

TEST(ConnectionHooks, CountAsConnectionsUntilTheyHaveEnded) {
  logged_app a;
  a.limits().connections = 2;
  a.before_connection([](connection&) -> task<void> {
    try {
      co_await sleep_for(1h);
    } catch (const cancelled&) {
      co_return; // and may take its time
    }
  });
  test_server s{a};
  test_client one{s}, two{s}, three{s};
  s.run();
  ASSERT_TRUE(three.pipe().rejected());
  EXPECT_EQ(three.pipe().rejected()->status, 503);

  one.pipe().drop();
  s.run();
  test_client four{s};
  s.run();
  EXPECT_FALSE(four.pipe().rejected());
}

TEST(ConnectionHooks, PeerThatGoesDuringAfterAcceptEndsIt) {
  int ended = 0, after = 0;
  logged_app a;
  a.after_accept([&](connection&) -> task<void> {
    const counted guard{ended};
    co_await sleep_for(1h);
  });
  a.after_connection([&](connection&) { ++after; });
  test_server s{a};
  test_client c{s};
  EXPECT_EQ(ended, 1);

  c.pipe().drop();
  s.run();

  EXPECT_EQ(ended, 0);
  EXPECT_EQ(after, 1);
}

struct visits {
  int n = 0;
};

TEST(ConnectionHooks, ShareTheApplicationsStateWithHandlers) {
  logged_app a;
  a.after_accept([](connection& c) { c.state<visits>().n = 10; });
  a.handle("count", [](request<> r) { return ++r.context().connection().state<visits>().n; });
  test_server s{a};
  test_client one{s}, two{s};

  EXPECT_EQ(one.call<int>("count"), 11);
  EXPECT_EQ(one.call<int>("count"), 12);
  EXPECT_EQ(two.call<int>("count"), 11);
}

TEST(ConnectionHooks, SeeIdsThatDiffer) {
  strings ids;
  logged_app a;
  a.before_connection([&](connection& c) { ids.push_back(c.id()); });
  test_server s{a};
  test_client one{s}, two{s};

  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
  for (const auto& id : ids) EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{32}"));
}

TEST(Closing, ByAHandlerComesAfterWhatIsQueued) {
  logged_app a;
  a.handle("close", [](request<int> r) -> stream<int> {
    co_yield 1;
    throw close_connection{r.data(), "bye"};
  });
  for (const auto& [wanted, seen] : std::vector<std::pair<int, int>>{
           {4000, 4000}, {1000, 1000}, {5, 1000}, {1006, 1011}, {1015, 1011}, {70000, 1011}}) {
    test_server s{a};
    test_client c{s};
    const auto seq = c.open("close", wanted);

    EXPECT_EQ(arrived(c, seq), strings{"m:1"});
    ASSERT_TRUE(c.pipe().closed()) << wanted;
    EXPECT_EQ(c.pipe().closed()->code, seen) << wanted;
  }
}

TEST(Closing, ByAPlainHandlerSendsNoAnswer) {
  logged_app a;
  a.handle("close", [](request<>) { throw close_connection{4000, "bye"}; });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("close", nothing{});

  EXPECT_EQ(arrived(c, seq), strings{});
  EXPECT_EQ(c.pipe().closed()->code, 4000);
}

TEST(Closing, UndecodableInputIs1007) {
  logged_app a;
  test_server s{a};
  test_client c{s};

  c.pipe().send("\xc1");
  s.run();

  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1007);
}

} // namespace
} // namespace swill
