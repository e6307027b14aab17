#include "libswill/base/stream.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

namespace swill {
namespace {

using test::counted;
using test::signal;

struct Stream : testing::Test {
  manual_loop loop;
  scope s{loop};
};

stream<int> numbers(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}
task<std::int64_t> sum(stream<int> from) {
  std::int64_t total = 0;
  while (auto v = co_await from.next()) total += *v;
  co_return total;
}

TEST_F(Stream, GivesItsItemsInOrderAndThenNothing) {
  auto collect = [](stream<int> from) -> task<std::vector<int>> {
    std::vector<int> out;
    while (auto v = co_await from.next()) out.push_back(*v);
    const auto after_the_end = co_await from.next();
    if (after_the_end) out.push_back(-1);
    co_return out;
  };
  auto t = collect(numbers(4));

  t.start(s);

  EXPECT_EQ(t.take(), (std::vector{0, 1, 2, 3}));
}

TEST_F(Stream, EmptyOnesEndAtOnce) {
  auto t = sum(numbers(0));

  t.start(s);

  EXPECT_EQ(t.take(), 0);
}

TEST_F(Stream, MillionItemsNeedNoStack) {
  auto t = sum(numbers(1'000'000));

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), std::int64_t{999'999} * 500'000);
}

stream<int> waiting_between(signal* signals, int n, int& alive) {
  const counted guard{alive};
  for (int i = 0; i < n; ++i) co_yield co_await signals[i];
}

TEST_F(Stream, WaitsBetweenItems) {
  signal signals[3];
  int alive = 0;
  auto t = sum(waiting_between(signals, 3, alive));
  t.start(s);

  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(signals[i].has_waiter());
    EXPECT_EQ(alive, 1);
    signals[i].fire(10 + i);
  }

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 33);
  EXPECT_EQ(alive, 0);
}

stream<int> burst_after(signal& on, int n) {
  co_await on;
  for (int i = 0; i < n; ++i) co_yield i;
}

TEST_F(Stream, MillionItemsAfterASuspensionNeedNoStack) {
  signal on;
  auto t = sum(burst_after(on, 1'000'000));
  t.start(s);
  ASSERT_FALSE(t.done());

  on.fire();

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), std::int64_t{999'999} * 500'000);
}

stream<int> failing_after(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
  throw std::runtime_error{"broken"};
}

TEST_F(Stream, ThrowsAfterTheItemsBeforeIt) {
  auto consume = [](stream<int> from) -> task<int> {
    int seen = 0;
    try {
      while (co_await from.next()) ++seen;
    } catch (const std::runtime_error&) {
      co_return seen + 100;
    }
    co_return seen;
  };
  auto t = consume(failing_after(3));

  t.start(s);

  EXPECT_EQ(t.take(), 103);
}

TEST_F(Stream, LeftEarlyRunsItsDestructors) {
  signal signals[3];
  int alive = 0;
  auto take_one = [](stream<int> from) -> task<int> {
    const auto first = co_await from.next();
    co_return *first;
  };
  {
    auto t = take_one(waiting_between(signals, 3, alive));
    t.start(s);
    signals[0].fire(4);
    EXPECT_EQ(t.take(), 4);
  }

  EXPECT_EQ(alive, 0);
  signals[1].fire();
  EXPECT_EQ(signals[1].resumed, 0);
}

TEST_F(Stream, CancelReachesBothSides) {
  signal signals[3];
  int alive = 0;
  auto t = sum(waiting_between(signals, 3, alive));
  t.start(s);
  signals[0].fire(1);

  s.cancel();

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);
  EXPECT_EQ(signals[1].resumed, 1);
  t = {};
  EXPECT_EQ(alive, 0);
}

stream<int> endless() {
  for (int i = 0;; ++i) co_yield i;
}

TEST_F(Stream, CancelledProducerThrowsAtItsNextYield) {
  auto consume = [](stream<int> from, scope& own) -> task<int> {
    int seen = 0;
    while (auto v = co_await from.next()) {
      if (++seen == 5) own.cancel();
    }
    co_return seen;
  };
  auto t = consume(endless(), s);

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);
}

stream<std::unique_ptr<int>> pointers() {
  co_yield std::make_unique<int>(1);
  co_yield std::make_unique<int>(2);
}

TEST_F(Stream, CarriesMoveOnlyItems) {
  auto consume = [](stream<std::unique_ptr<int>> from) -> task<int> {
    int total = 0;
    while (auto v = co_await from.next()) total += **v;
    co_return total;
  };
  auto t = consume(pointers());

  t.start(s);

  EXPECT_EQ(t.take(), 3);
}

stream<int> doubled(stream<int> from) {
  while (auto v = co_await from.next()) co_yield *v * 2;
}

TEST_F(Stream, Chains) {
  auto t = sum(doubled(doubled(doubled(numbers(1000)))));

  t.start(s);

  EXPECT_EQ(t.take(), 8 * 499'500);
}

/// Takes items at once until it is full, then one for each `let_go`.
struct slow_sink final : detail::stream_sink<int> {
  explicit slow_sink(int n) : room(n) {}
  bool put(int& item, wait& w, std::coroutine_handle<> h) override {
    taken.push_back(item);
    if (--room >= 0) return false;
    where->suspend(w, h);
    pending = &w;
    return true;
  }
  void let_go() { where->wake(*std::exchange(pending, nullptr)); }
  int room;
  scope* where = nullptr;
  wait* pending = nullptr;
  std::vector<int> taken;
};

TEST_F(Stream, StopsAtAFullSink) {
  slow_sink sink{2};
  sink.where = &s;
  auto drive = [](stream<int>& from, slow_sink& into, scope& own) -> task<> {
    struct start {
      stream<int>& from;
      slow_sink& into;
      scope& own;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> h) { return !from.start(into, own, h); }
      void await_resume() { from.finish(); }
    };
    co_await start{from, into, own};
  };
  auto from = numbers(4);
  auto t = drive(from, sink, s);

  t.start(s);
  EXPECT_EQ(sink.taken, (std::vector{0, 1, 2}));
  EXPECT_FALSE(t.done());
  sink.let_go();
  EXPECT_EQ(sink.taken, (std::vector{0, 1, 2, 3}));
  EXPECT_FALSE(t.done());
  sink.let_go();

  EXPECT_TRUE(t.done());
}

} // namespace
} // namespace swill
