#include "libswill/base/await.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// sleep_for and on_pool.

namespace swill {
namespace {

using test::counted;
using namespace std::chrono_literals;

struct Await : testing::Test {
  manual_loop loop;
  scope s{loop};
};

task<> note_after(clock_duration d, int name, std::vector<int>& order) {
  co_await sleep_for(d);
  order.push_back(name);
}

TEST_F(Await, SleepOfZeroLetsOthersRunFirst) {
  std::vector<int> order;
  auto t = note_after(0ms, 1, order);

  t.start(s);
  order.push_back(0);
  EXPECT_FALSE(t.done());
  loop.advance(0ms);

  EXPECT_TRUE(t.done());
  EXPECT_EQ(order, (std::vector{0, 1}));
}

TEST_F(Await, SleepsEndInTheOrderOfTheirTimes) {
  std::vector<int> order;
  auto a = note_after(30ms, 30, order), b = note_after(10ms, 10, order), c = note_after(20ms, 20, order),
       d = note_after(10ms, 11, order);
  for (auto* t : {&a, &b, &c, &d}) t->start(s);

  loop.advance(9ms);
  EXPECT_TRUE(order.empty());
  loop.advance(1ms);
  EXPECT_EQ(order, (std::vector{10, 11}));
  loop.advance(100ms);

  EXPECT_EQ(order, (std::vector{10, 11, 20, 30}));
}

TEST_F(Await, SleepsBeyondTheClockAreLong) {
  std::vector<int> order;
  auto in_ms = [&order]() -> task<> {
    co_await sleep_for(std::chrono::milliseconds::max());
    order.push_back(1);
  };
  auto in_hours = [&order]() -> task<> {
    co_await sleep_for(std::chrono::duration<double, std::ratio<3600>>{1e300});
    order.push_back(2);
  };
  auto before = [&order]() -> task<> {
    co_await sleep_for(std::chrono::milliseconds::min());
    order.push_back(3);
  };
  auto a = in_ms(), b = in_hours(), c = before();
  for (auto* t : {&a, &b, &c}) t->start(s);

  loop.advance(std::chrono::hours{24 * 365 * 50});

  EXPECT_EQ(order, (std::vector{3}));
}

TEST_F(Await, NegativeSleepIsOver) {
  std::vector<int> order;
  auto t = note_after(-5s, 1, order);
  t.start(s);

  loop.advance(0ms);

  EXPECT_TRUE(t.done());
}

TEST_F(Await, CancelEndsASleepAndItsTimer) {
  std::vector<int> order;
  auto t = note_after(1h, 1, order);
  t.start(s);
  ASSERT_EQ(loop.timers(), 1U);

  s.cancel();

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);
  EXPECT_EQ(loop.timers(), 0U);
  loop.advance(2h);
  EXPECT_TRUE(order.empty());
}

TEST_F(Await, DestroyedSleepLeavesNoTimer) {
  std::vector<int> order;
  {
    auto t = note_after(1h, 1, order);
    t.start(s);
  }

  EXPECT_EQ(loop.timers(), 0U);
  loop.advance(2h);
  EXPECT_TRUE(order.empty());
}

TEST_F(Await, SleepInACancelledScopeThrowsAtOnce) {
  std::vector<int> order;
  s.cancel();
  auto t = note_after(1h, 1, order);

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);
  EXPECT_EQ(loop.timers(), 0U);
}

task<std::string> pooled(std::string text) {
  auto work = [text] { return text + "!"; }; // named: g++ 12 destroys such a temporary of a co_await twice
  co_return co_await on_pool(work);
}

TEST_F(Await, PoolRunsTheWorkElsewhereAndGoesOnHere) {
  auto t = pooled("done");
  t.start(s);
  bool done_with_the_job = true;
  loop.post([&] { done_with_the_job = t.done(); }); // behind the job, before its answer

  loop.run_until_idle();

  EXPECT_FALSE(done_with_the_job); // it goes on in a turn of the loop
  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), "done!");
}

TEST_F(Await, PoolHandsOverMoveOnlyResults) {
  auto make = []() -> task<int> {
    auto p = co_await on_pool([] { return std::make_unique<int>(5); });
    co_return *p;
  };
  auto t = make();
  t.start(s);

  loop.run_until_idle();

  EXPECT_EQ(t.take(), 5);
}

TEST_F(Await, PoolHandsOverExceptions) {
  auto fail = []() -> task<> { co_await on_pool([] { throw std::runtime_error{"on the pool"}; }); };
  auto t = fail();
  t.start(s);

  loop.run_until_idle();

  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), std::runtime_error);
}

TEST_F(Await, CancelGoesOnAtOnceAndDropsTheResult) {
  int ran = 0;
  auto work = [](int& n) -> task<> { co_await on_pool([&n] { ++n; }); };
  auto t = work(ran);
  t.start(s);

  bool done_at_once = false;
  loop.post([&] { // behind the job, before its answer
    s.cancel();
    done_at_once = t.done();
  });
  loop.run_until_idle();

  EXPECT_TRUE(done_at_once);
  EXPECT_THROW(t.take(), cancelled);
  EXPECT_EQ(ran, 1);
}

TEST_F(Await, CancelledJobThatHasNotBegunNeverRuns) {
  int ran = 0;
  auto work = [](int& n) -> task<> { co_await on_pool([&n] { ++n; }); };
  auto t = work(ran);
  t.start(s);

  s.cancel();
  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);
  loop.run_until_idle();

  EXPECT_EQ(ran, 0);
}

TEST_F(Await, FrameMayDieBeforeTheJobEnds) {
  int alive = 0;
  auto work = [](int& n) -> task<> {
    auto held = std::make_shared<counted>(n);
    auto job = [held] {};
    held.reset();
    co_await on_pool(job);
  };
  {
    auto t = work(alive);
    t.start(s);
    ASSERT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 1); // the job still has it

  loop.run_until_idle();

  EXPECT_EQ(alive, 0);
}

TEST_F(Await, FrameMayDieBetweenTheJobAndItsAnswer) {
  auto t = pooled("x");
  t.start(s);
  loop.post([&t] { t = {}; }); // behind the job, before its answer

  loop.run_until_idle();

  EXPECT_FALSE(t);
}

TEST_F(Await, JobThatAnswersLateWakesNoOtherWait) {
  auto work = []() -> task<int> {
    try {
      co_await when_any(on_pool([] { return 1; }), sleep_for(0ms));
    } catch (const cancelled&) {
    }
    co_await sleep_for(1h);
    co_return 2;
  };
  auto t = work();
  t.start(s);

  loop.run_until_idle(); // the sleep wins: it is over when the job has run, and has not answered
  EXPECT_FALSE(t.done());
  loop.advance(1h);

  EXPECT_EQ(t.take(), 2);
}

} // namespace
} // namespace swill
