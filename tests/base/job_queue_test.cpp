#include "libswill/base/job_queue.hpp"

#include "tests/base/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace swill {
namespace {

using strings = std::vector<std::string>;

/// Says when it has run, and when its loop hears of it.
class noting_job final : public pool_job {
public:
  noting_job(std::string name, strings& seen) : name_(std::move(name)), seen_(&seen) {}
  void run() noexcept override { seen_->push_back(name_); }
  void on_done() override { seen_->push_back(name_ + " done"); }

private:
  std::string name_;
  strings* seen_;
};

struct little_pool {
  explicit little_pool(std::size_t threads, std::size_t share = 1) : queue(threads) { queue.set_share(share); }

  std::shared_ptr<pool_job> push(const void* owner, const std::string& name) {
    auto job = std::make_shared<noting_job>(name, seen);
    threads_wanted += queue.push(job, owner, &loop, name) ? 1 : 0;
    return job;
  }
  /// What one thread does that never goes away.
  strings run_all() {
    while (auto job = queue.next()) {
      job->run();
      queue.finish(std::move(job));
    }
    return std::exchange(seen, {});
  }

  manual_loop loop;
  strings seen;
  job_queue queue;
  int threads_wanted = 0;
  const int a = 0, b = 0, c = 0; // owners
};

TEST(JobQueue, OwnersTakeTurns) {
  little_pool q{1};
  for (int i = 1; i <= 3; ++i) q.push(&q.a, "a" + std::to_string(i));
  q.push(&q.b, "b1");
  q.push(&q.c, "c1");
  q.push(&q.b, "b2");

  EXPECT_EQ(q.threads_wanted, 1);
  EXPECT_EQ(q.run_all(), (strings{"a1", "b1", "c1", "a2", "b2", "a3"}));
  q.loop.run_until_idle();
  EXPECT_EQ(q.seen.size(), 6U);
  EXPECT_EQ(q.seen.front(), "a1 done");
  EXPECT_TRUE(q.queue.is_idle());
}

TEST(JobQueue, OneOwnerHasNoMoreThanItsShare) {
  little_pool q{4, 2};
  for (int i = 1; i <= 5; ++i) q.push(&q.a, "a" + std::to_string(i));
  EXPECT_EQ(q.threads_wanted, 2);
  const auto first = q.queue.next(), second = q.queue.next();
  ASSERT_TRUE(first && second);

  q.push(&q.b, "b1");

  EXPECT_EQ(q.threads_wanted, 3);
  const auto other = q.queue.next();
  ASSERT_TRUE(other);
  EXPECT_EQ(q.queue.names_of_running(), (strings{"a1", "a2", "b1"}));
  EXPECT_FALSE(q.queue.next()); // a3 has to wait
  q.queue.finish(first);
  const auto third = q.queue.next();
  ASSERT_TRUE(third);
  EXPECT_EQ(q.queue.names_of_running(), (strings{"a2", "b1", "a3"}));
  for (const auto& j : {second, other, third}) q.queue.finish(j);
}

TEST(JobQueue, WithoutAnOwnerThereIsNoShare) {
  little_pool q{3, 1};

  for (int i = 1; i <= 5; ++i) q.push(nullptr, std::to_string(i));

  EXPECT_EQ(q.threads_wanted, 3);
  EXPECT_EQ(q.run_all(), (strings{"1", "2", "3", "4", "5"}));
}

TEST(JobQueue, HalfOfTheThreadsIsTheShareWhereNobodySaysMore) {
  for (const auto& [threads, share] : std::vector<std::pair<std::size_t, int>>{{1, 1}, {2, 1}, {5, 2}, {8, 4}}) {
    little_pool q{threads, 0};
    for (int i = 0; i < 10; ++i) q.push(&q.a, "a");
    EXPECT_EQ(q.threads_wanted, share) << threads;
    q.run_all();
  }
}

TEST(JobQueue, DroppedJobNeverBeginsAndIsForgotten) {
  little_pool q{1};
  const auto running = q.push(&q.a, "a1");
  std::weak_ptr<pool_job> waiting = q.push(&q.a, "a2");
  q.push(&q.a, "a3");
  ASSERT_EQ(q.queue.next(), running);

  EXPECT_TRUE(waiting.lock()->drop());
  EXPECT_TRUE(waiting.expired()); // at once, not when its turn comes
  EXPECT_FALSE(running->drop());

  running->run();
  q.queue.finish(running);
  EXPECT_EQ(q.run_all(), (strings{"a1", "a3"}));
  EXPECT_TRUE(q.queue.is_idle());
}

TEST(JobQueue, ThousandsThatAreDroppedCostOthersNoTurn) {
  little_pool q{1};
  for (int i = 0; i < 2000; ++i) q.push(&q.a, "a")->drop();
  q.push(&q.b, "b1");

  EXPECT_EQ(q.run_all(), strings{"b1"});
}

TEST(JobQueue, AbandonedOneTellsNobodyAndBeginsNothing) {
  little_pool q{1};
  q.push(&q.a, "a1");
  q.push(&q.a, "a2");
  const auto running = q.queue.next();

  q.queue.abandon();
  running->run();
  q.queue.finish(running);

  EXPECT_FALSE(q.queue.next());
  EXPECT_EQ(q.loop.run_until_idle(), 0U);
  EXPECT_EQ(q.queue.names_of_running(), strings{"a1"});
}

} // namespace
} // namespace swill
