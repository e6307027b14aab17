#include "libswill/base/scope.hpp"

#include "tests/base/manual.hpp"

#include "libswill/base/await.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace swill {
namespace {

using test::counted;
using test::signal;
using namespace std::chrono_literals;

struct noting_scope : scope {
  using scope::scope;
  int idle = 0;
  void on_idle() override { ++idle; }
};

struct Scope : testing::Test {
  manual_loop loop;
  noting_scope s{loop};
};

task<> wait_for(signal& on, int& ended) {
  try {
    co_await on;
  } catch (const cancelled&) {
    ++ended;
    throw;
  }
}

TEST_F(Scope, CancelResumesEveryWaitExactlyOnce) {
  std::vector<signal> on(50);
  std::vector<task<>> tasks;
  int ended = 0;
  for (auto& x : on) {
    tasks.push_back(wait_for(x, ended));
    tasks.back().start(s);
  }

  s.cancel();
  s.cancel();

  EXPECT_EQ(ended, 50);
  for (auto& x : on) EXPECT_EQ(x.resumed, 1);
  for (auto& x : on) x.fire();
  for (auto& x : on) EXPECT_EQ(x.resumed, 1);
}

task<> tidy_up_badly(signal& on, signal& more, int& threw) {
  try {
    co_await on;
  } catch (const cancelled&) {
    ++threw;
  }
  try {
    co_await more;
  } catch (const cancelled&) {
    ++threw;
  }
  try {
    co_await sleep_for(1h);
  } catch (const cancelled&) {
    ++threw;
  }
}

TEST_F(Scope, WaitsBegunDuringCancellationThrowAtOnce) {
  signal on, more;
  int threw = 0;
  auto t = tidy_up_badly(on, more, threw);
  t.start(s);

  s.cancel();

  EXPECT_TRUE(t.done());
  EXPECT_EQ(threw, 3);
  EXPECT_EQ(loop.timers(), 0U);
}

task<> cancel_own_scope(scope& own, signal& on, int& after) {
  own.cancel();
  ++after;
  co_await on;
  ++after;
}

TEST_F(Scope, CancelledByItsOwnCoroutineGoesOnToTheNextWait) {
  signal on, other;
  int after = 0, ended = 0;
  auto waiting = wait_for(other, ended);
  waiting.start(s);
  auto t = cancel_own_scope(s, on, after);

  t.start(s);

  ASSERT_TRUE(t.done());
  EXPECT_EQ(after, 1);
  EXPECT_THROW(t.take(), cancelled);
  EXPECT_EQ(ended, 1);
}

task<> destroy_other(signal& on, task<>& victim) {
  try {
    co_await on;
  } catch (const cancelled&) {
    victim = {};
  }
}

TEST_F(Scope, CancelSurvivesCoroutinesThatDestroyOthers) {
  signal a, b, c;
  int ended = 0;
  auto first = wait_for(a, ended);
  auto third = wait_for(c, ended);
  auto second = destroy_other(b, first);
  first.start(s);
  second.start(s);
  third.start(s);

  s.cancel();

  EXPECT_TRUE(second.done());
  EXPECT_FALSE(first);
  EXPECT_LE(a.resumed, 1);
  EXPECT_EQ(c.resumed, 1);
}

TEST_F(Scope, WakeOfADestroyedFrameDoesNothing) {
  signal on;
  int ended = 0;
  auto t = wait_for(on, ended);
  t.start(s);

  t = {};
  on.fire();
  s.cancel();

  EXPECT_EQ(on.resumed, 0);
  EXPECT_EQ(ended, 0);
}

TEST_F(Scope, WakingTwiceResumesOnce) {
  signal on;
  int ended = 0;
  auto t = wait_for(on, ended);
  t.start(s);

  on.fire();
  on.fire();

  EXPECT_EQ(on.resumed, 1);
}

TEST_F(Scope, IdleComesAfterEachOutermostRun) {
  signal on;
  int ended = 0;
  auto t = wait_for(on, ended);

  t.start(s);
  EXPECT_EQ(s.idle, 1);
  on.fire();
  EXPECT_EQ(s.idle, 2);
  EXPECT_FALSE(s.is_running());
}

TEST_F(Scope, ResetCancelLetsCoroutinesWaitAgain) {
  signal on;
  int ended = 0;
  s.cancel();
  s.reset_cancel();
  auto t = wait_for(on, ended);

  t.start(s);
  EXPECT_FALSE(t.done());
  on.fire();

  EXPECT_TRUE(t.done());
  EXPECT_EQ(ended, 0);
}

TEST_F(Scope, DestroyedBeforeItsFramesUnlinksThem) {
  signal on;
  int alive = 0;
  auto guarded = [](signal& x, int& n) -> task<> {
    const counted guard{n};
    co_await x;
  };
  auto t = guarded(on, alive);
  {
    scope short_lived{loop};
    t.start(short_lived);
  }

  EXPECT_EQ(alive, 1);
  t = {};
  EXPECT_EQ(alive, 0);
}

TEST_F(Scope, MayBeDestroyedWhenItBecomesIdle) {
  struct self_ending : scope {
    self_ending(swill::loop& l, bool& g) : scope(l), gone(g) {}
    ~self_ending() override { gone = true; }
    bool& gone;
    task<> main;
    void on_idle() override {
      if (main.done()) delete this;
    }
  };
  bool gone = false;
  signal on;
  int ended = 0;
  auto* own = new self_ending{loop, gone};
  own->main = wait_for(on, ended);
  own->main.start(*own);
  ASSERT_FALSE(gone);

  own->cancel();

  EXPECT_TRUE(gone);
}

TEST_F(Scope, CancelOfOneLeavesAnother) {
  scope other{loop};
  signal a, b;
  int ended = 0;
  auto x = wait_for(a, ended);
  auto y = wait_for(b, ended);
  x.start(s);
  y.start(other);

  s.cancel();

  EXPECT_TRUE(x.done());
  EXPECT_FALSE(y.done());
}

} // namespace
} // namespace swill
