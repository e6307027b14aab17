#include "tests/server/calls.hpp"

#include <array>
#include <numeric>

// Every shape of handler, with and without hooks around it: what a plain function gets by the short way it gets by the long one.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;
using numbers = std::vector<int>;

struct CallShapes : testing::TestWithParam<bool> {
  logged_app a;
  void SetUp() override {
    if (GetParam()) a.before_request([](context&) {});
  }
};

TEST_P(CallShapes, PlainFunction) {
  a.handle("add", [](request<std::pair<int, int>> r) { return r.data().first + r.data().second; });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
  EXPECT_EQ(c.call<int>("add", std::pair{-2, 2}), 0);
}

TEST_P(CallShapes, PlainFunctionOfNothingToNothing) {
  int called = 0;
  a.handle("touch", [&called](request<> r) {
    static_cast<void>(r);
    ++called;
  });
  test_server s{a};
  test_client c{s};

  EXPECT_TRUE(c.call("touch").is_nil());
  EXPECT_EQ(called, 1);
}

result<int> half(request<int> r) {
  if (r.data() % 2 != 0) return error{409, "odd", r.data()};
  return r.data() / 2;
}
result<void> check(request<int> r) {
  if (r.data() < 0) return error{409, "negative"};
  return {};
}

TEST_P(CallShapes, ResultsAreValuesOrErrors) {
  a.handle("half", half);
  a.handle("check", check);
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("half", 8), 4);
  const error odd = error_of([&] { c.call("half", 7); });
  EXPECT_EQ(odd.code, 409);
  EXPECT_EQ(odd.message, "odd");
  EXPECT_EQ(odd.data, value{7});
  EXPECT_TRUE(c.call("check", 1).is_nil());
  EXPECT_EQ(error_of([&] { c.call("check", -1); }).code, 409);
}

TEST_P(CallShapes, CoroutineThatNeverWaits) {
  a.handle("twice", [](request<int> r) -> task<int> { co_return r.data() * 2; });
  a.handle("none", [](request<int>) -> task<void> { co_return; });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("twice", 21), 42);
  EXPECT_TRUE(c.call("none", 21).is_nil());
}

TEST_P(CallShapes, CoroutineThatWaits) {
  a.handle("later", [](request<int> r) -> task<int> {
    co_await sleep_for(10ms);
    co_return r.data() * 2;
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("later", 21);
  EXPECT_FALSE(c.receive(seq));
  s.advance(10ms);

  EXPECT_EQ(arrived(c, seq), strings{"m:42"});
}

TEST_P(CallShapes, CoroutineOfResult) {
  a.handle("half", [](request<int> r) -> task<result<int>> {
    co_await sleep_for(1ms);
    co_return half(std::move(r));
  });
  test_server s{a};
  test_client c{s};

  const auto good = c.open("half", 8), bad = c.open("half", 7);
  s.advance(1ms);

  EXPECT_EQ(arrived(c, good), strings{"m:4"});
  EXPECT_EQ(arrived(c, bad), strings{"e:409"});
}

TEST_P(CallShapes, BlockingFunction) {
  a.handle("slow", blocking([](request<int> r) { return r.data() + 1; }));
  a.handle("broken", blocking([](request<int>) -> int { throw error{409, "busy"}; }));
  a.handle("half", blocking(half));
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("slow", 1), 2);
  EXPECT_EQ(error_of([&] { c.call("broken", 1); }).code, 409);
  EXPECT_EQ(error_of([&] { c.call("half", 1); }).code, 409);
}

TEST_P(CallShapes, StreamOut) {
  a.handle("range", [](request<int> r) -> stream<int> {
    for (int i = 0; i < r.data(); ++i) co_yield i;
  });
  test_server s{a};
  test_client c{s};

  numbers expected(10'000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(c.collect<int>("range", 10'000), expected);
  EXPECT_EQ(arrived(c, c.open("range", 0)), strings{"end"});
}

TEST_P(CallShapes, StreamThatFailsKeepsWhatWasSent) {
  a.handle("range", [](request<int> r) -> stream<int> {
    for (int i = 0; i < r.data(); ++i) co_yield i;
    throw error{409, "enough"};
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("range", 2)), (strings{"m:0", "m:1", "e:409"}));
}

task<int> sum(streaming_request<int> in) {
  int total = 0;
  while (auto v = co_await in.next()) total += *v;
  co_return total;
}

TEST_P(CallShapes, StreamIn) {
  a.handle("sum", sum);
  test_server s{a};
  test_client c{s};

  const auto by_message = c.open("sum", 1);
  const auto by_metadata = c.open_stream("sum");
  for (int i = 2; i <= 100; ++i) {
    c.send(by_message, i);
    c.send(by_metadata, i);
  }
  EXPECT_FALSE(c.receive(by_message));
  c.end(by_message);
  c.end(by_metadata);
  send_envelope(c, 77, "sum", wire::request_type::end_of_stream);

  EXPECT_EQ(arrived(c, by_message), strings{"m:5050"});
  EXPECT_EQ(arrived(c, by_metadata), strings{"m:5049"});
  EXPECT_EQ(arrived(c, 77), strings{"m:0"});
}

TEST_P(CallShapes, BothWays) {
  a.handle("echo", [](streaming_request<int> in) -> stream<int> {
    while (auto v = co_await in.next()) co_yield *v;
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("echo", 1);
  EXPECT_EQ(arrived(c, seq), strings{"m:1"});
  c.send(seq, 2);
  c.send(seq, 3);
  EXPECT_EQ(arrived(c, seq), (strings{"m:2", "m:3"}));
  c.end(seq);

  EXPECT_EQ(arrived(c, seq), strings{"end"});
}

TEST_P(CallShapes, ReturningEarlyDropsWhatIsStillToCome) {
  a.handle("first", [](streaming_request<int> in) -> task<int> {
    const auto v = co_await in.next();
    co_return *v;
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("first", 1);
  EXPECT_EQ(arrived(c, seq), strings{"m:1"});
  c.send(seq, 2);
  c.end(seq);

  EXPECT_EQ(arrived(c, seq), strings{});
}

TEST_P(CallShapes, ItemAfterTheEndIsIgnored) {
  a.handle("sum", [](streaming_request<int> in) -> task<int> {
    co_await sleep_for(1ms);
    co_return co_await sum(in);
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("sum", 1);
  c.end(seq);
  c.send(seq, 100);
  s.advance(1ms);

  EXPECT_EQ(arrived(c, seq), strings{"m:1"});
}

TEST_P(CallShapes, ManyAtOnceAnswerInTheOrderOfTheirEnds) {
  strings order;
  a.handle("after", [&order](request<int> r) -> task<int> {
    co_await sleep_for(std::chrono::milliseconds{r.data()});
    order.push_back(std::to_string(r.data()));
    co_return r.data();
  });
  test_server s{a};
  test_client c{s};

  const auto slow = c.open("after", 30), quick = c.open("after", 10), middle = c.open("after", 20);
  s.advance(30ms);

  EXPECT_EQ(order, (strings{"10", "20", "30"}));
  EXPECT_EQ(arrived(c, slow), strings{"m:30"});
  EXPECT_EQ(arrived(c, quick), strings{"m:10"});
  EXPECT_EQ(arrived(c, middle), strings{"m:20"});
}

TEST_P(CallShapes, WrongDataIs422) {
  a.handle("plain", [](request<int> r) { return r.data(); });
  a.handle("task", [](request<int> r) -> task<int> { co_return r.data(); });
  a.handle("sum", sum);
  test_server s{a};
  test_client c{s};

  for (const char* rpc : {"plain", "task", "sum"}) {
    EXPECT_EQ(error_of([&] { c.call(rpc, std::string{"x"}); }).code, 422) << rpc;
  }
  const auto seq = c.open("sum", 1);
  c.send(seq, std::string{"x"});
  EXPECT_EQ(arrived(c, seq), strings{"e:422"});
}

TEST_P(CallShapes, UnknownNameIs404) {
  test_server s{a};
  test_client c{s};

  const error e = error_of([&] { c.call("nobody", 1); });

  EXPECT_EQ(e.code, 404);
  EXPECT_EQ(e.message, "No func was found to process this request");
}

INSTANTIATE_TEST_SUITE_P(Hooks, CallShapes, testing::Bool(), [](const auto& i) { return i.param ? "Around" : "None"; });

} // namespace
} // namespace swill
