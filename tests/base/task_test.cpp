#include "libswill/base/task.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace swill {
namespace {

using test::counted;
using test::signal;

struct Task : testing::Test {
  manual_loop loop;
  scope s{loop};
};

task<int> number(int n) { co_return n; }
task<int> noting(int& started) {
  ++started;
  co_return 7;
}
task<int> failing() {
  throw std::runtime_error{"no"};
  co_return 0;
}
task<int> waiting(signal& on) { co_return co_await on; }
task<> waiting_guarded(signal& on, int& alive) {
  const counted guard{alive};
  co_await on;
  const counted second{alive};
  co_await on;
}

TEST_F(Task, StartsNothingUntilItIsAwaited) {
  int started = 0;

  task<int> t = noting(started);
  EXPECT_EQ(started, 0);
  t.start(s);

  EXPECT_EQ(started, 1);
  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 7);
}

TEST_F(Task, NeverAwaitedNeverRuns) {
  int started = 0;

  { const task<int> t = noting(started); }

  EXPECT_EQ(started, 0);
}

task<scope*> own_scope() {
  struct ask {
    scope* found = nullptr;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<detail::task_promise<scope*>> h) {
      found = h.promise().owner;
      return false;
    }
    scope* await_resume() const { return found; }
  };
  co_return co_await ask{};
}
task<scope*> scope_two_below() { co_return co_await own_scope(); }

task<int> twice(task<int> t) {
  const int first = co_await t;
  co_return first + co_await t;
}

TEST_F(Task, IsAwaitedOnce) {
  task<int> again = twice(number(1));
  again.start(s);
  EXPECT_THROW(again.take(), std::logic_error);
  task<int> none = twice(task<int>{});
  none.start(s);
  EXPECT_THROW(none.take(), std::logic_error);
}

TEST_F(Task, InheritsTheScopeOfTheOneThatAwaitsIt) {
  auto t = scope_two_below();

  t.start(s);

  EXPECT_EQ(t.take(), &s);
}

task<std::unique_ptr<std::string>> move_only() { co_return std::make_unique<std::string>("moved"); }
task<std::string> unpack() { co_return *co_await move_only(); }

TEST_F(Task, HandsOverMoveOnlyValues) {
  auto t = unpack();

  t.start(s);

  EXPECT_EQ(t.take(), "moved");
}

task<std::string> caught() {
  try {
    co_await failing();
  } catch (const std::runtime_error& e) {
    co_return e.what();
  }
  co_return "nothing";
}

TEST_F(Task, ThrowsWhatTheAwaitedOneThrew) {
  auto t = caught();

  t.start(s);

  EXPECT_EQ(t.take(), "no");
}

task<int> failing_later(signal& on) {
  co_await on;
  throw std::runtime_error{"late"};
}
task<std::string> caught_later(signal& on) {
  try {
    co_await failing_later(on);
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "nothing";
}

TEST_F(Task, ThrowsAfterASuspensionToo) {
  signal on;
  auto t = caught_later(on);
  t.start(s);
  ASSERT_FALSE(t.done());

  on.fire();

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), "late");
}

TEST_F(Task, TakeRethrowsAtTheOutside) {
  auto t = failing();

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_TRUE(t.failed());
  EXPECT_THROW(t.take(), std::runtime_error);
}

task<std::int64_t> sum_of_many(int n) {
  std::int64_t sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await number(1);
  co_return sum;
}

TEST_F(Task, MillionAwaitsThatNeverSuspendNeedNoStack) {
  auto t = sum_of_many(1'000'000);

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 1'000'000);
}

task<int> fail_often(int n) {
  int caught = 0;
  for (int i = 0; i < n; ++i) {
    try {
      co_await failing();
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
  co_return caught;
}

TEST_F(Task, ManyFailuresThatNeverSuspendNeedNoStack) {
  auto t = fail_often(20'000);

  t.start(s);

  EXPECT_EQ(t.take(), 20'000);
}

task<int> mixed(int n, signal* signals) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    sum += i % 100 == 99 ? co_await waiting(signals[i / 100]) : co_await number(1);
  }
  co_return sum;
}

TEST_F(Task, MixesSynchronousAndSuspendedOnes) {
  signal signals[10];
  auto t = mixed(1000, signals);
  t.start(s);

  for (int i = 0; i < 10; ++i) {
    ASSERT_FALSE(t.done());
    ASSERT_TRUE(signals[i].has_waiter()) << i;
    signals[i].fire(2);
  }

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 990 + 20);
}

TEST_F(Task, DestroyedAtEachSuspensionRunsDestructorsOnce) {
  for (int point = 0; point <= 2; ++point) {
    signal first;
    int alive = 0;
    {
      auto t = waiting_guarded(first, alive);
      if (point > 0) t.start(s);
      EXPECT_EQ(alive, point > 0 ? 1 : 0);
      if (point > 1) first.fire(); // the second wait is ready at once then
      EXPECT_EQ(t.done(), point > 1);
    }
    EXPECT_EQ(alive, 0) << point;
    first.fire(); // wakes nobody
  }
}

task<> outer_guarded(signal& on, int& alive) {
  const counted guard{alive};
  co_await waiting_guarded(on, alive);
}

TEST_F(Task, DestroyedOutsideTakesTheInnerFramesAlong) {
  signal on;
  int alive = 0;
  {
    auto t = outer_guarded(on, alive);
    t.start(s);
    ASSERT_EQ(alive, 2);
  }

  EXPECT_EQ(alive, 0);
  EXPECT_FALSE(on.has_waiter());
  on.fire();
  EXPECT_EQ(on.resumed, 0);
}

TEST_F(Task, MovedFromIsEmpty) {
  int started = 0;
  auto t = noting(started);

  task<int> other = std::move(t);
  EXPECT_FALSE(t);
  EXPECT_FALSE(t.done());
  EXPECT_TRUE(other);
  t = std::move(other);
  t.start(s);

  EXPECT_EQ(t.take(), 7);
  EXPECT_FALSE(other);
}

TEST_F(Task, AssignmentDestroysWhatWasThere) {
  signal on;
  int alive = 0;
  task<> t = waiting_guarded(on, alive);
  t.start(s);
  ASSERT_EQ(alive, 1);

  t = task<>{};

  EXPECT_EQ(alive, 0);
  EXPECT_FALSE(t);
}

TEST_F(Task, AssignmentToItselfKeepsIt) {
  signal on;
  int alive = 0;
  task<> t = waiting_guarded(on, alive);
  t.start(s);

  task<>& same = t;
  t = std::move(same);

  EXPECT_EQ(alive, 1);
  EXPECT_TRUE(t);
}

TEST_F(Task, NestedStartTellsOnlyAboutLaterEnds) {
  int ends = 0;
  const auto on_final = [](void* n) { ++*static_cast<int*>(n); };
  signal on;
  auto at_once = number(1);
  auto later = waiting(on);

  EXPECT_TRUE(at_once.start_nested(s, on_final, &ends));
  EXPECT_FALSE(later.start_nested(s, on_final, &ends));
  EXPECT_EQ(ends, 0);
  on.fire(5);

  EXPECT_EQ(ends, 1);
  EXPECT_EQ(later.take(), 5);
}

task<int> forgetful(int n) {
  if (n > 0) co_return n;
}

TEST_F(Task, ThatEndsWithoutAResultThrows) {
  auto good = forgetful(3);
  auto bad = forgetful(0);

  good.start(s);
  bad.start(s);

  EXPECT_EQ(good.take(), 3);
  ASSERT_TRUE(bad.done());
  EXPECT_THROW(bad.take(), std::logic_error);
}

/// It declares no variable, and awaits in a condition: g++ 12 lays its frame out wrongly.
task<> conditional(std::shared_ptr<int> held, signal& on) {
  if (co_await on > 0) *held = 2;
}

TEST_F(Task, ThatTheCompilerHasBrokenIsRefusedWhole) {
  const auto held = std::make_shared<int>(1);
  signal on;

  try {
    task<> t = conditional(held, on);
    t.start(s);
    on.fire(1);
    EXPECT_TRUE(t.done());
    EXPECT_EQ(*held, 2);
  } catch (const std::logic_error& e) {
    EXPECT_NE(std::string{e.what()}.find("Declare one"), std::string::npos) << e.what();
  }

  EXPECT_EQ(held.use_count(), 1);
}

} // namespace
} // namespace swill
