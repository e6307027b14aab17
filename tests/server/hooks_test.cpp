#include "tests/server/calls.hpp"

// The hooks of requests (docs/protocol.md §7): order, what they may change, and how they may end a request.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// Notes every hook of b under a name; `later` makes coroutines of them.
void note_all(blueprint& b, strings& seen, std::string name, bool later) {
  const auto note = [&seen, name](const char* hook) { seen.push_back(name + hook); };
  if (!later) {
    b.before_request([=](context&) { note("request"); });
    b.before_request_metadata([=](context&, metadata&) { note("metadata"); });
    b.before_request_data([=](context&, bytes&) { note("data"); });
    b.before_request_message([=](context&, any_message&) { note("message"); });
    b.before_leading_metadata([=](context&, metadata&) { note("leading"); });
    b.before_response_message([=](context&, any_message&) { note("response"); });
    b.before_trailing_metadata([=](context&, metadata&) { note("trailing"); });
    b.after_request([=](context&, const outcome&) { note("after"); });
    return;
  }
  const auto wait = [note](const char* hook) -> task<void> {
    co_await sleep_for(1ms);
    note(hook);
  };
  b.before_request([=](context&) { return wait("request"); });
  b.before_request_metadata([=](context&, metadata&) { return wait("metadata"); });
  b.before_request_data([=](context&, bytes&) { return wait("data"); });
  b.before_request_message([=](context&, any_message&) { return wait("message"); });
  b.before_leading_metadata([=](context&, metadata&) { return wait("leading"); });
  b.before_response_message([=](context&, any_message&) { return wait("response"); });
  b.before_trailing_metadata([=](context&, metadata&) { return wait("trailing"); });
  b.after_request([=](context&, const outcome&) { return wait("after"); });
}

struct Hooks : testing::TestWithParam<bool> {
  strings seen;
  logged_app a;
  void SetUp() override {
    note_all(a, seen, "", GetParam());
    a.handle("one", [this](request<int> r) {
      seen.push_back("handler");
      return r.data();
    });
    a.handle("many", [this](request<int> r) -> stream<int> {
      seen.push_back("handler");
      for (int i = 0; i < r.data(); ++i) co_yield i;
    });
    a.handle("echo", [](streaming_request<int> in) -> stream<int> {
      while (auto v = co_await in.next()) co_yield *v;
    });
  }
};

TEST_P(Hooks, RunInOrderAroundAUnaryHandler) {
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("one", 7, metadata{"k", 1});
  s.advance(100ms);

  EXPECT_EQ(arrived(c, seq), strings{"m:7"});
  EXPECT_EQ(seen,
            (strings{"request", "metadata", "data", "message", "handler", "leading", "response", "trailing", "after"}));
}

TEST_P(Hooks, RunNotWhenTheTimeoutIsNone) {
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("one", 5, metadata{"timeout_ms", "soon"});

  EXPECT_EQ(arrived(c, seq), strings{"e:400"});
  EXPECT_EQ(seen, strings{});
}

TEST_P(Hooks, MetadataHookRunsOnlyWhenThereAreAny) {
  test_server s{a};
  test_client c{s};

  c.open("one", 7);
  s.advance(100ms);

  EXPECT_THAT(seen, testing::Not(testing::Contains("metadata")));
}

TEST_P(Hooks, RunForEachItemOfAStream) {
  test_server s{a};
  test_client c{s};

  const auto two = c.open("many", 2);
  s.advance(100ms);
  EXPECT_EQ(arrived(c, two), (strings{"m:0", "m:1", "end"}));
  EXPECT_EQ(seen,
            (strings{"request", "data", "message", "handler", "leading", "response", "response", "trailing", "after"}));

  seen.clear();
  const auto none = c.open("many", 0);
  s.advance(100ms);
  EXPECT_EQ(arrived(c, none), strings{"end"});
  EXPECT_EQ(seen, (strings{"request", "data", "message", "handler", "leading", "trailing", "after"}));
}

TEST_P(Hooks, KeepTheOrderOfItemsWhateverTheyAwait) {
  int delay = 12;
  a.before_request_message([&delay](context&, any_message&) -> task<void> {
    co_await sleep_for(std::chrono::milliseconds{delay = 16 - delay});
  });
  a.before_response_message([&delay](context&, any_message&) -> task<void> {
    co_await sleep_for(std::chrono::milliseconds{delay = 20 - delay});
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("echo", 0);
  strings expected{"m:0"};
  for (int i = 1; i < 20; ++i) {
    c.send(seq, i);
    expected.push_back("m:" + std::to_string(i));
  }
  c.end(seq);
  expected.push_back("end");
  s.advance(2s);

  EXPECT_EQ(arrived(c, seq), expected);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "data"), 20);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "after"), 1);
}

TEST_P(Hooks, OfBlueprintsRunInsideThoseAround) {
  blueprint inner{"inner"}, outer{"outer"};
  note_all(inner, seen, "i.", GetParam());
  note_all(outer, seen, "o.", GetParam());
  inner.handle("f", [](request<int> r) { return r.data(); });
  outer.handle("g", [](request<int> r) { return r.data(); });
  outer.mount(std::move(inner));
  a.mount(std::move(outer));
  test_server s{a};
  test_client c{s};

  const auto f = c.open("outer.inner.f", 1);
  s.advance(100ms);
  EXPECT_EQ(arrived(c, f), strings{"m:1"});
  EXPECT_EQ(seen, (strings{"request",   "o.request",  "i.request",  "data",      "o.data",  "i.data",     "message",
                           "o.message", "i.message",  "i.leading",  "o.leading", "leading", "i.response", "o.response",
                           "response",  "i.trailing", "o.trailing", "trailing",  "i.after", "o.after",    "after"}));

  seen.clear();
  const auto g = c.open("outer.g", 1);
  s.advance(100ms);
  EXPECT_EQ(arrived(c, g), strings{"m:1"});
  EXPECT_THAT(seen, testing::Not(testing::Contains("i.request")));
  EXPECT_THAT(seen, testing::Contains("o.request"));
}

TEST_P(Hooks, NoneRunsForAnUnknownName) {
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("nobody", 1);
  s.advance(100ms);

  EXPECT_EQ(arrived(c, seq), strings{"e:404"});
  EXPECT_EQ(seen, strings{});
}

INSTANTIATE_TEST_SUITE_P(Kinds, Hooks, testing::Bool(),
                         [](const auto& i) { return i.param ? "Coroutines" : "Functions"; });

TEST(HooksThat, ShareANameRunInTheOrderOfRegistration) {
  strings seen;
  logged_app a;
  for (const char* name : {"1", "2", "3"}) {
    a.before_request([&seen, name](context&) { seen.push_back(name); });
  }
  a.handle("f", [](request<>) {});
  test_server s{a};
  test_client c{s};

  c.call("f");

  EXPECT_EQ(seen, (strings{"1", "2", "3"}));
}

TEST(HooksThat, ChangeWhatTheyGet) {
  logged_app a;
  a.before_request_metadata([](context&, metadata& m) { m.set("who", "hook"); });
  a.before_request_data([](context&, bytes& d) { d = encoded(20); });
  a.before_request_message([](context&, any_message& m) { *m.get_if<int>() += 1; });
  a.before_leading_metadata([](context&, metadata& m) { m.set("l", 1); });
  a.before_response_message(
      [](context&, any_message& m) { m.assign(value{m.to_value() == value{"21 hook"} ? "right" : "wrong"}); });
  a.before_trailing_metadata([](context&, metadata& m) { m.set("t", 2); });
  a.handle("f", [](request<int> r) {
    return std::to_string(r.data()) + " " + *r.metadata().find("who")->get_if<std::string>();
  });
  test_server s{a};
  test_client c{s};

  const auto r = c.receive(c.open("f", 1, metadata{"who", "client"}));

  ASSERT_TRUE(r);
  EXPECT_EQ(r->as<std::string>(), "right");
  EXPECT_EQ(*r->leading.find("l"), value{1});
  EXPECT_EQ(*r->trailing.find("t"), value{2});
}

TEST(HooksThat, ChangeEveryItemOfBothDirections) {
  logged_app a;
  a.before_request_message([](context&, any_message& m) { *m.get_if<int>() += 1; });
  a.before_response_message([](context&, any_message& m) { *m.get_if<int>() *= 10; });
  a.handle("echo", [](streaming_request<int> in) -> stream<int> {
    while (auto v = co_await in.next()) co_yield *v;
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("echo", 1);
  c.send(seq, 2);
  c.end(seq);

  EXPECT_EQ(arrived(c, seq), (strings{"m:20", "m:30", "end"}));
}

TEST(HooksThat, AssignWhatDoesNotFitFailWith422) {
  logged_app a;
  a.before_request_message([](context&, any_message& m) { m.assign(value{"no int"}); });
  a.handle("f", [](request<int> r) { return r.data(); });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(error_of([&] { c.call("f", 1); }).code, 422);
}

using registration = std::function<void(app&, const std::function<void()>&)>;

/// Each hook that may fail a request, with an action in it.
const std::vector<std::pair<const char*, registration>> failing_places{
    {"before_request", [](app& a, const auto& act) { a.before_request([act](context&) { act(); }); }},
    {"before_request_metadata",
     [](app& a, const auto& act) { a.before_request_metadata([act](context&, metadata&) { act(); }); }},
    {"before_request_data", [](app& a, const auto& act) { a.before_request_data([act](context&, bytes&) { act(); }); }},
    {"before_request_message",
     [](app& a, const auto& act) { a.before_request_message([act](context&, any_message&) { act(); }); }},
    {"before_leading_metadata",
     [](app& a, const auto& act) { a.before_leading_metadata([act](context&, metadata&) { act(); }); }},
    {"before_response_message",
     [](app& a, const auto& act) { a.before_response_message([act](context&, any_message&) { act(); }); }},
    {"before_trailing_metadata",
     [](app& a, const auto& act) { a.before_trailing_metadata([act](context&, metadata&) { act(); }); }},
    {"before_request later",
     [](app& a, const auto& act) {
       a.before_request([act](context&) -> task<void> {
         co_await sleep_for(1ms);
         act();
       });
     }},
    {"before_request_message later",
     [](app& a, const auto& act) {
       a.before_request_message([act](context&, any_message&) -> task<void> {
         co_await sleep_for(1ms);
         act();
       });
     }},
    {"before_response_message later", [](app& a, const auto& act) {
       a.before_response_message([act](context&, any_message&) -> task<void> {
         co_await sleep_for(1ms);
         act();
       });
     }}};

struct HookFails : testing::TestWithParam<const char*> {
  // Every place with every shape: what arrives last, and how it ended.
  void check(const std::function<void()>& act, const std::string& last, const std::string& end, int closed = 0) {
    for (const auto& [name, place] : failing_places) {
      outcomes ends;
      logged_app a;
      place(a, act);
      ends.listen(a);
      a.handle("one", [](request<int> r) { return r.data(); });
      a.handle("many", [](request<int> r) -> stream<int> {
        for (int i = 0; i < r.data(); ++i) co_yield i;
      });
      a.handle("echo", [](streaming_request<int> in) -> stream<int> {
        while (auto v = co_await in.next()) co_yield *v;
      });
      test_server s{a};
      test_client c{s};
      const std::string rpc = GetParam();
      const auto seq = c.open(rpc, 3, metadata{"k", 1});
      if (rpc == "echo") {
        c.send(seq, 4);
        c.end(seq);
      }
      s.advance(100ms);
      const auto all = arrived(c, seq);
      if (last.empty()) {
        for (const auto& text : all) EXPECT_EQ(text.substr(0, 2), "m:") << name; // items before it
      } else if (all.empty() || all.back() != last) {
        ADD_FAILURE() << name << ": " << testing::PrintToString(all);
      } else {
        EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& t) { return t[0] == 'e'; }), 1) << name;
      }
      EXPECT_EQ(ends.seen, strings{rpc + " " + end}) << name;
      if (closed == 0) {
        EXPECT_FALSE(c.pipe().closed()) << name;
      } else if (c.pipe().closed()) {
        EXPECT_EQ(c.pipe().closed()->code, closed) << name;
        EXPECT_EQ(c.pipe().closed()->reason, "bye") << name;
      } else {
        ADD_FAILURE() << name << " did not close";
      }
    }
  }
};

TEST_P(HookFails, WithAnErrorForTheClient) {
  check([] { throw error{403, "no"}; }, "e:403", "error 403");
}
TEST_P(HookFails, WithSomethingUnforeseen) {
  check([] { throw std::runtime_error{"oops"}; }, "e:500", "error 500");
}
TEST_P(HookFails, WithWhatIsNoException) {
  check([] { throw 42; }, "e:500", "error 500");
}
TEST_P(HookFails, ByClosingTheConnection) {
  check([] { throw close_connection{4001, "bye"}; }, "", "cancelled", 4001);
}

INSTANTIATE_TEST_SUITE_P(Shapes, HookFails, testing::Values("one", "many", "echo"),
                         [](const auto& i) { return std::string{i.param}; });

TEST(AfterRequest, FailuresAreLoggedAndTheOthersRun) {
  int ran = 0;
  logged_app a;
  a.after_request([](context&, const outcome&) { throw std::runtime_error{"too late"}; });
  a.after_request([](context&, const outcome&) -> task<void> {
    co_await sleep_for(1ms);
    throw 42;
  });
  a.after_request([&ran](context&, const outcome&) { ++ran; });
  a.handle("f", [](request<>) {});
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("f", nothing{});
  s.advance(1ms);

  EXPECT_EQ(arrived(c, seq), strings{"m:null"});
  EXPECT_EQ(ran, 1);
  ASSERT_EQ(a.lines().size(), 2U);
  EXPECT_THAT(a.lines()[0], testing::HasSubstr("after_request failed: std::runtime_error: too late\n  at "));
  EXPECT_THAT(a.lines()[1], testing::HasSubstr("after_request failed: exception of type int\n  at "));
}

TEST(AfterRequest, IsToldOfItsOwnRequestAlone) {
  for (const bool later : {false, true}) {
    std::vector<outcome> seen;
    logged_app a;
    if (later) a.before_request([](context&) -> task<void> { co_await sleep_for(1ms); });
    a.before_request_data([](context&, bytes& d) { d = encoded(20); });
    a.after_request([&seen](context&, const outcome& o) { seen.push_back(o); });
    a.handle("f", [](request<int> r) { return r.data(); });
    a.handle("fails", [](request<int>) -> int { throw error{403, "no"}; });
    test_server s{a};
    test_client c{s};

    for (const char* rpc : {"f", "fails", "f"}) {
      c.open(rpc, 100'000);
      s.advance(1ms);
    }

    ASSERT_EQ(seen.size(), 3U);
    for (const outcome& o : seen) {
      EXPECT_EQ(o.items_in, 1U) << later;
      EXPECT_EQ(o.bytes_in, encoded(100'000).size()) << later;
      EXPECT_EQ(o.duration, later ? 1ms : 0ms) << later;
    }
    EXPECT_EQ(seen[0].items_out, 1U) << later;
    EXPECT_EQ(seen[1].items_out, 0U) << later;
    EXPECT_EQ(seen[2].items_out, 1U) << later;
    EXPECT_EQ(seen[0].bytes_out, 6U) << later; // an array: seq, the message, MESSAGE, twice no metadata
    EXPECT_GT(seen[1].bytes_out, 10U) << later;
    EXPECT_EQ(seen[2].bytes_out, 6U) << later;
  }
}

TEST(AfterRequest, MayWaitAfterACancellation) {
  strings seen;
  logged_app a;
  a.handle("f", [](request<>) -> task<void> { co_await sleep_for(1h); });
  a.after_request([&seen](context&, const outcome&) -> task<void> {
    seen.push_back("begins");
    co_await sleep_for(5ms);
    seen.push_back("ends");
  });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("f", nothing{});

  c.cancel(seq);
  EXPECT_EQ(seen, strings{"begins"});
  s.advance(5ms);

  EXPECT_EQ(seen, (strings{"begins", "ends"}));
}

// A hook that still waits when its request is cancelled must not go on as if nothing had happened while after_request waits.
TEST(AfterRequest, WaitsForNoHookOfItsCancelledRequest) {
  for (const bool incoming : {true, false}) {
    int went_on = 0, threw = 0;
    logged_app a;
    const auto hook = [&](context&, any_message& m) -> task<void> {
      try {
        co_await sleep_for(10ms);
      } catch (const cancelled&) {
        ++threw;
        throw;
      }
      ++went_on;
      if (m.get_if<std::string>() != nullptr) m.get_if<std::string>()->append("touched");
    };
    if (incoming)
      a.before_request_message(hook);
    else
      a.before_response_message(hook);
    a.after_request([](context&, const outcome&) -> task<void> { co_await sleep_for(1s); });
    a.handle("echo", [](streaming_request<std::string> in) -> stream<std::string> {
      co_yield std::string(100, 'x');
      while (auto v = co_await in.next()) co_yield *v;
    });
    test_server s{a};
    test_client c{s};
    const auto seq = c.open("echo", std::string(100, 'y'));

    c.cancel(seq);
    s.advance(2s);

    EXPECT_EQ(went_on, 0) << (incoming ? "before_request_message" : "before_response_message");
    EXPECT_EQ(threw, 1) << (incoming ? "before_request_message" : "before_response_message");
  }
}

} // namespace
} // namespace swill
