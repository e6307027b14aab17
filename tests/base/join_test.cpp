#include "libswill/base/await.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

// when_all and when_any.

namespace swill {
namespace {

using test::counted;
using test::signal;
using namespace std::chrono_literals;

struct Join : testing::Test {
  manual_loop loop;
  scope s{loop};
};

task<int> number(int n) { co_return n; }
task<int> guarded(signal& on, int& alive) {
  const counted guard{alive};
  co_return co_await on;
}
task<int> guarded_failure(signal& on, int& alive) {
  const counted guard{alive};
  co_await on;
  throw std::runtime_error{"failed"};
}
task<> nothing_after(signal& on) { co_await on; }

task<std::string> all_of_three(std::array<signal, 3>& on, int& alive) {
  auto [a, b, c] = co_await when_all(guarded(on[0], alive), guarded(on[1], alive), guarded(on[2], alive));
  co_return std::to_string(a) + "," + std::to_string(b) + "," + std::to_string(c);
}

TEST_F(Join, WhenAllTakesEveryOrderOfCompletion) {
  std::array<int, 3> order{0, 1, 2};
  do {
    std::array<signal, 3> on;
    int alive = 0;
    auto t = all_of_three(on, alive);
    t.start(s);
    EXPECT_EQ(alive, 3);
    for (const int i : order) {
      EXPECT_FALSE(t.done());
      on[static_cast<std::size_t>(i)].fire(i + 1);
    }
    ASSERT_TRUE(t.done());
    EXPECT_EQ(t.take(), "1,2,3");
    EXPECT_EQ(alive, 0);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Join, WhenAllTakesSomeThatNeverSuspend) {
  for (int ready = 0; ready < 8; ++ready) {
    std::array<signal, 3> on;
    int alive = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      if ((ready >> i & 1) != 0) on[i].fire(static_cast<int>(i) + 1);
    }
    auto t = all_of_three(on, alive);
    t.start(s);
    for (std::size_t i = 0; i < 3; ++i) {
      if ((ready >> i & 1) == 0) on[i].fire(static_cast<int>(i) + 1);
    }
    ASSERT_TRUE(t.done()) << ready;
    EXPECT_EQ(t.take(), "1,2,3");
  }
}

task<int> all_with_failure(signal& a, signal& b, signal& c, int& alive) {
  auto [x, y, z] = co_await when_all(guarded(a, alive), guarded_failure(b, alive), guarded(c, alive));
  co_return x + y + z;
}

TEST_F(Join, WhenAllDestroysTheOthersWhenOneFails) {
  signal a, b, c;
  int alive = 0;
  auto t = all_with_failure(a, b, c, alive);
  t.start(s);
  ASSERT_EQ(alive, 3);

  a.fire(1);
  b.fire();

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), std::runtime_error);
  EXPECT_EQ(alive, 0);
  c.fire();
  EXPECT_EQ(c.resumed, 0);
}

TEST_F(Join, WhenAllStartsNothingMoreAfterAFailureAtOnce) {
  signal a, b, c;
  int alive = 0;
  b.fire();
  auto t = all_with_failure(a, b, c, alive);

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), std::runtime_error);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(a.resumed + c.resumed, 0);
}

task<std::size_t> first_of_three(std::array<signal, 3>& on, int& alive) {
  auto first = co_await when_any(guarded(on[0], alive), guarded(on[1], alive), guarded(on[2], alive));
  std::visit([](int& n) { EXPECT_EQ(n, 9); }, first);
  co_return first.index();
}

TEST_F(Join, WhenAnyTakesTheFirstAndDestroysTheOthers) {
  for (std::size_t winner = 0; winner < 3; ++winner) {
    std::array<signal, 3> on;
    int alive = 0;
    auto t = first_of_three(on, alive);
    t.start(s);
    EXPECT_FALSE(t.done());
    on[winner].fire(9);
    ASSERT_TRUE(t.done());
    EXPECT_EQ(t.take(), winner);
    EXPECT_EQ(alive, 0);
    for (auto& other : on) other.fire();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(on[i].resumed, i == winner ? 1 : 0);
  }
}

TEST_F(Join, WhenAnyStartsNoneBehindOneThatIsDone) {
  std::array<signal, 3> on;
  int alive = 0;
  on[1].fire(9);
  auto t = first_of_three(on, alive);

  t.start(s);

  EXPECT_EQ(t.take(), 1U);
  EXPECT_EQ(alive, 0);
}

TEST_F(Join, WhenAnyThrowsWhatTheFirstThrew) {
  signal a, b;
  int alive = 0;
  auto race = [](signal& x, signal& y, int& n) -> task<> { co_await when_any(guarded(x, n), guarded_failure(y, n)); };
  auto t = race(a, b, alive);
  t.start(s);

  b.fire();

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), std::runtime_error);
  EXPECT_EQ(alive, 0);
}

task<> ends_others(signal& first, signal& second) {
  first.fire(1);
  second.fire(2);
  co_return;
}

TEST_F(Join, WhenAnyGivesTheOneThatEndedFirst) {
  signal a, b;
  auto race = [](signal& x, signal& y) -> task<std::size_t> {
    auto first = co_await when_any(nothing_after(y), nothing_after(x), ends_others(x, y));
    co_return first.index();
  };
  auto t = race(a, b);

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 1U);
}

TEST_F(Join, VoidGivesMonostate) {
  signal on;
  auto both = [](signal& x) -> task<int> {
    auto [nothing, n] = co_await when_all(nothing_after(x), number(3));
    static_assert(std::is_same_v<decltype(nothing), std::monostate>);
    co_return n;
  };
  auto t = both(on);
  t.start(s);

  on.fire();

  EXPECT_EQ(t.take(), 3);
}

TEST_F(Join, TakesAwaitersThatAreNoTasks) {
  auto both = []() -> task<std::size_t> {
    auto first = co_await when_any(sleep_for(20ms), sleep_for(10ms));
    co_return first.index();
  };
  auto t = both();
  t.start(s);
  EXPECT_EQ(loop.timers(), 2U);

  loop.advance(10ms);

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 1U);
  EXPECT_EQ(loop.timers(), 0U);
}

task<int> nested_race(signal& a, signal& b, signal& c, int& alive) {
  auto race = [](signal& x, signal& y, int& n) -> task<int> {
    auto first = co_await when_any(guarded(x, n), guarded(y, n));
    co_return std::visit([](int v) { return v; }, first);
  };
  auto [x, y] = co_await when_all(race(a, b, alive), guarded(c, alive));
  co_return x * 10 + y;
}

TEST_F(Join, Nests) {
  signal a, b, c;
  int alive = 0;
  auto t = nested_race(a, b, c, alive);
  t.start(s);
  ASSERT_EQ(alive, 3);

  b.fire(4);
  EXPECT_EQ(alive, 1);
  c.fire(2);

  EXPECT_EQ(t.take(), 42);
  EXPECT_EQ(alive, 0);
}

TEST_F(Join, CancelEndsAllOfThem) {
  signal a, b, c;
  int alive = 0;
  auto t = nested_race(a, b, c, alive);
  t.start(s);

  s.cancel();

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);
  EXPECT_EQ(alive, 0);
  EXPECT_LE(a.resumed + b.resumed + c.resumed, 3);
}

TEST_F(Join, DestroyedWhileWaitingLeavesNothing) {
  signal a, b, c;
  int alive = 0;
  {
    auto t = nested_race(a, b, c, alive);
    t.start(s);
  }

  EXPECT_EQ(alive, 0);
  a.fire();
  c.fire();
  EXPECT_EQ(a.resumed + c.resumed, 0);
}

task<std::int64_t> join_often(int n) {
  std::int64_t sum = 0;
  for (int i = 0; i < n; ++i) {
    auto [a, b] = co_await when_all(number(1), number(2));
    auto first = co_await when_any(number(3), number(4));
    sum += a + b + std::get<0>(first);
  }
  co_return sum;
}

TEST_F(Join, ManyThatNeverSuspendNeedNoStack) {
  auto t = join_often(200'000);

  t.start(s);

  EXPECT_EQ(t.take(), 1'200'000);
}

TEST_F(Join, OfNoneIsDoneAtOnce) {
  auto none = []() -> task<int> {
    co_await when_all();
    co_return 1;
  };
  auto t = none();

  t.start(s);

  EXPECT_TRUE(t.done());
}

} // namespace
} // namespace swill
