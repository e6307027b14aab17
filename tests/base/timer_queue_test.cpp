#include "libswill/base/timer_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace swill {
namespace {

using namespace std::chrono_literals;

const clock_time start{1h};

struct noting_timer : timer {
  std::function<void()> act;
  void on_timer() override {
    EXPECT_FALSE(is_set());
    if (act) act();
  }
};

TEST(TimerQueue, RunsEqualTimesInTheOrderTheyWereSet) {
  timer_queue q;
  std::vector<int> ran;
  std::vector<noting_timer> timers(100);
  for (int i = 0; i < 100; ++i) {
    timers[static_cast<std::size_t>(i)].act = [&ran, i] { ran.push_back(i); };
    q.set(timers[static_cast<std::size_t>(i)], start);
  }

  EXPECT_EQ(q.run_due(start - 1ns), 0U);
  EXPECT_EQ(q.run_due(start), 100U);

  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
  EXPECT_EQ(ran.size(), 100U);
}

TEST(TimerQueue, MovedTimersGoBehindTheirEquals) {
  timer_queue q;
  std::vector<int> ran;
  noting_timer a, b;
  a.act = [&] { ran.push_back(1); };
  b.act = [&] { ran.push_back(2); };
  q.set(a, start);
  q.set(b, start);

  q.set(a, start);
  q.run_due(start);

  EXPECT_EQ(ran, (std::vector{2, 1}));
  EXPECT_TRUE(q.empty());
}

// Sets, moves, cancels and runs at random, beside a plain list that says what should happen.
TEST(TimerQueue, AgreesWithAPlainListWhateverIsDone) {
  struct expected {
    clock_time due;
    std::size_t order;
    std::size_t which;
  };
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random{seed};
    timer_queue q;
    std::vector<noting_timer> timers(40);
    std::vector<std::size_t> ran;
    std::vector<expected> model;
    std::size_t order = 0;
    clock_time now = start;
    for (std::size_t i = 0; i < timers.size(); ++i) timers[i].act = [&ran, i] { ran.push_back(i); };
    const auto erase = [&](std::size_t i) { std::erase_if(model, [i](const expected& e) { return e.which == i; }); };
    for (int step = 0; step < 2000; ++step) {
      const std::size_t i = random() % timers.size();
      switch (random() % 5) {
        case 0:
        case 1:
        case 2: {
          const clock_time when = now + std::chrono::milliseconds{static_cast<int>(random() % 20)};
          q.set(timers[i], when);
          erase(i);
          model.push_back({when, order++, i});
          break;
        }
        case 3:
          timers[i].cancel();
          erase(i);
          break;
        default: {
          now += std::chrono::milliseconds{random() % 5};
          std::vector<expected> due;
          std::copy_if(model.begin(), model.end(), std::back_inserter(due),
                       [&](const auto& e) { return e.due <= now; });
          std::erase_if(model, [&](const auto& e) { return e.due <= now; });
          std::sort(due.begin(), due.end(),
                    [](const auto& a, const auto& b) { return a.due != b.due ? a.due < b.due : a.order < b.order; });
          ran.clear();
          ASSERT_EQ(q.run_due(now), due.size());
          ASSERT_EQ(ran.size(), due.size());
          for (std::size_t k = 0; k < due.size(); ++k) ASSERT_EQ(ran[k], due[k].which) << "seed " << seed;
        }
      }
      ASSERT_EQ(q.size(), model.size());
      if (model.empty()) {
        ASSERT_FALSE(q.next_due());
      } else {
        const auto first =
            std::min_element(model.begin(), model.end(), [](const auto& a, const auto& b) { return a.due < b.due; });
        ASSERT_EQ(q.next_due(), first->due);
      }
    }
  }
}

TEST(TimerQueue, TimerMayDestroyOthersThatAreDueWithIt) {
  timer_queue q;
  int ran = 0;
  std::vector<std::unique_ptr<noting_timer>> timers(10);
  for (auto& t : timers) {
    t = std::make_unique<noting_timer>();
    t->act = [&ran] { ++ran; };
    q.set(*t, start);
  }
  timers[0]->act = [&] {
    ++ran;
    for (std::size_t i = 1; i < 9; ++i) timers[i].reset();
  };

  EXPECT_EQ(q.run_due(start), 2U);

  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(q.empty());
}

TEST(TimerQueue, TimerMayDestroyItself) {
  timer_queue q;
  auto t = std::make_unique<noting_timer>();
  t->act = [&t] { t.reset(); };
  q.set(*t, start);

  EXPECT_EQ(q.run_due(start), 1U);

  EXPECT_EQ(t, nullptr);
}

TEST(TimerQueue, TimerSetAnewForNowWaitsForTheNextTurn) {
  timer_queue q;
  int ran = 0;
  noting_timer t, other;
  t.act = [&] {
    if (++ran < 3) q.set(t, start);
  };
  other.act = [&] { ran += 100; };
  q.set(t, start);
  q.set(other, start);

  EXPECT_EQ(q.run_due(start), 2U);
  EXPECT_EQ(ran, 101);
  EXPECT_EQ(q.run_due(start), 1U);
  EXPECT_EQ(q.run_due(start), 0U);
  EXPECT_FALSE(t.is_set());
}

TEST(TimerQueue, TimerSetAnewForTheFarPastHoldsUpNobody) {
  timer_queue q;
  int others = 0;
  noting_timer greedy, other;
  greedy.act = [&] { q.set(greedy, start - 1h); };
  other.act = [&] { ++others; };
  q.set(greedy, start);
  q.set(other, start);

  q.run_due(start); // the greedy one is in front now, though it is not to run in this turn
  q.run_due(start);

  EXPECT_EQ(others, 1);
}

TEST(TimerQueue, DestroyedQueueLeavesTimersUnset) {
  noting_timer t;
  {
    timer_queue q;
    q.set(t, start);
  }

  EXPECT_FALSE(t.is_set());
  t.cancel();
}

} // namespace
} // namespace swill
