#include "actors/pool_queue.hpp"

#include "actors/scheduler.hpp"

#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace swill {
namespace {

using namespace std::chrono_literals;

/// A function that the pool runs once, as it runs an actor.
class pool_function final : public caf::resumable, public caf::ref_counted {
public:
  explicit pool_function(std::function<void()> f) : f_(std::move(f)) {}
  resume_result resume(caf::execution_unit*, std::size_t) override {
    f_();
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { caf::intrusive_ptr_add_ref(this); }
  void intrusive_ptr_release_impl() override { caf::intrusive_ptr_release(this); }

private:
  std::function<void()> f_;
};

/// Counts, and waits for a number.
class pool_count {
public:
  void add() {
    const std::lock_guard lock{mutex_};
    ++count_;
    changed_.notify_all();
  }
  bool wait_for(int n) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patient(5s), [&] { return count_ >= n; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

struct PoolQueue : testing::Test {
  static constexpr int threads = 4;
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system = actors::make_system(config, {}, threads);

  void run(std::function<void()> f) { system->scheduler().enqueue(new pool_function{std::move(f)}); }
};

TEST_F(PoolQueue, HasAThreadForEachOfTheJobsThatTakeLong) {
  pool_count begun, over;
  for (int round = 1; round <= 50; ++round) {
    for (int i = 0; i < threads; ++i) {
      run([&, round] {
        begun.add();
        EXPECT_TRUE(begun.wait_for(round * threads)); // all of them run at the same time
        over.add();
      });
    }
    ASSERT_TRUE(over.wait_for(round * threads));
  }
}

TEST_F(PoolQueue, RunsWhatAJobAddsWhileThatGoesOn) {
  pool_count over;
  run([&] {
    run([&] { over.add(); });
    EXPECT_TRUE(over.wait_for(1));
    over.add();
  });

  EXPECT_TRUE(over.wait_for(2));
}

TEST_F(PoolQueue, RunsEachJobOnce) {
  constexpr int jobs_of_each = 20'000;
  std::atomic<int> ran{0};
  pool_count over;
  std::vector<std::thread> producers;

  for (int p = 0; p < 3; ++p) {
    producers.emplace_back([&] {
      for (int i = 0; i < jobs_of_each; ++i) {
        run([&] {
          if (++ran == 3 * jobs_of_each) over.add();
        });
      }
    });
  }
  for (std::thread& p : producers) p.join();

  EXPECT_TRUE(over.wait_for(1));
  EXPECT_EQ(ran, 3 * jobs_of_each);
}

} // namespace
} // namespace swill
