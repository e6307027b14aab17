#include "libswill/base/short_jobs.hpp"

#include "libswill/base/timer_queue.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace swill {
namespace {

/// Its clock and both of its queues are the test's.
class test_loop final : public loop {
public:
  clock_time now() const noexcept override { return now_; }
  void set_timer(timer& t, clock_time when) override { timers_.set(t, when); }
  void post(std::function<void()> f) override {
    const std::lock_guard lock{mutex_};
    posted_.push_back(std::move(f));
  }
  void offload(std::function<void()> f) override {
    const std::lock_guard lock{mutex_};
    offloaded_.push_back(std::move(f));
  }
  bool is_current() const noexcept override { return true; }
  void set_turn_hook(void (*)(void*), void*) noexcept override {}
  void wake() override {}

  /// What a thread of the pool was asked to run since this was last called.
  std::vector<std::function<void()>> taken() {
    const std::lock_guard lock{mutex_};
    return std::exchange(offloaded_, {});
  }
  void run_posted() {
    std::vector<std::function<void()>> all;
    {
      const std::lock_guard lock{mutex_};
      all.swap(posted_);
    }
    for (const auto& f : all) f();
  }
  void advance(clock_duration d) { timers_.run_due(now_ += d); }
  std::size_t timers() const noexcept { return timers_.size(); }

private:
  timer_queue timers_;
  clock_time now_{std::chrono::hours{1}};
  std::mutex mutex_; // guards what follows
  std::vector<std::function<void()>> posted_, offloaded_;
};

class job_of_test final : public short_job {
public:
  job_of_test(std::vector<int>& done, int n, std::function<void()> f = {}) : done_(done), n_(n), f_(std::move(f)) {}
  void run() noexcept override {
    if (f_) f_();
  }
  void on_done() override { done_.push_back(n_); }

private:
  std::vector<int>& done_;
  int n_;
  std::function<void()> f_;
};

TEST(ShortJobs, OneThreadRunsAllThatWait) {
  test_loop l;
  const auto jobs = std::make_shared<short_jobs>(l);
  std::vector<int> done;
  for (int i = 0; i < 3; ++i) jobs->push(std::make_shared<job_of_test>(done, i));

  const auto threads = l.taken();
  ASSERT_EQ(threads.size(), 1U);
  threads.front()();
  EXPECT_TRUE(done.empty());
  l.run_posted();
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2}));

  jobs->push(std::make_shared<job_of_test>(done, 3)); // nobody runs any more: another one begins
  EXPECT_EQ(l.taken().size(), 1U);
  jobs->stop();
}

TEST(ShortJobs, OtherWorkOfThePoolHasItsTurn) {
  test_loop l;
  const auto jobs = std::make_shared<short_jobs>(l);
  std::vector<int> done;
  for (int i = 0; i < 65; ++i) jobs->push(std::make_shared<job_of_test>(done, i));

  l.taken().front()();
  l.run_posted();
  EXPECT_EQ(done.size(), 64U);
  const auto again = l.taken(); // behind what the pool has to do
  ASSERT_EQ(again.size(), 1U);
  again.front()();
  l.run_posted();
  EXPECT_EQ(done.size(), 65U);
  jobs->stop();
}

TEST(ShortJobs, OneThatHangsHoldsUpOnlyItself) {
  test_loop l;
  const auto jobs = std::make_shared<short_jobs>(l);
  std::vector<int> done;
  std::promise<void> begun, goes_on;
  jobs->push(std::make_shared<job_of_test>(done, 0, [&] {
    begun.set_value();
    goes_on.get_future().wait();
  }));
  std::thread held{[f = l.taken().front()] { f(); }};
  begun.get_future().wait();

  jobs->push(std::make_shared<job_of_test>(done, 1));
  EXPECT_TRUE(l.taken().empty()); // it may be about to end
  l.advance(short_jobs::patience);
  l.advance(short_jobs::patience);
  const auto other = l.taken();
  ASSERT_EQ(other.size(), 1U);
  other.front()();
  l.run_posted();
  EXPECT_EQ(done, (std::vector<int>{1}));

  goes_on.set_value();
  held.join();
  l.run_posted();
  EXPECT_EQ(done, (std::vector<int>{1, 0}));
  l.advance(short_jobs::patience);
  EXPECT_EQ(l.timers(), 0U); // nothing waits: at rest it costs nothing
}

} // namespace
} // namespace swill
