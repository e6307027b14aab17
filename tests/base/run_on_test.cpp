#include "libswill/base/loop.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace swill {
namespace {

/// A loop that belongs to another thread, which runs what was posted when the test lets it.
class foreign_loop final : public loop {
public:
  clock_time now() const noexcept override { return {}; }
  void set_timer(timer&, clock_time) override {}
  void post(std::function<void()> f) override {
    if (is_held) return held.push_back(std::move(f));
    std::thread{std::move(f)}.detach();
  }
  void offload(std::function<void()>) override {}
  bool is_current() const noexcept override { return false; }
  void set_turn_hook(void (*)(void*), void*) noexcept override {}
  void wake() override {}

  bool is_held = false;
  std::vector<std::function<void()>> held;
};

TEST(RunOn, RunsAtOnceOnTheLoopsOwnThread) {
  manual_loop own;
  bool ran = false;

  run_on(own, [&] { ran = true; });

  EXPECT_TRUE(ran);
  EXPECT_EQ(own.run_until_idle(), 0U);
}

TEST(RunOn, ReturnsWhenAnotherThreadHasRunIt) {
  foreign_loop other;
  std::thread::id where;

  run_on(other, [&] { where = std::this_thread::get_id(); });

  EXPECT_NE(where, std::thread::id{});
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(RunOn, ThrowsWhatTheFunctionThrows) {
  manual_loop own;
  foreign_loop other;
  const auto fail = [] { throw std::runtime_error("no"); };

  EXPECT_THROW(run_on(own, fail), std::runtime_error);
  EXPECT_THROW(run_on(other, fail), std::runtime_error);
}

TEST(RunOn, WaitsForALoopThatIsHeldOnlySoLong) {
  foreign_loop other;
  other.is_held = true;
  const auto ran = std::make_shared<bool>(false);

  run_on(
      other, [ran] { *ran = true; }, std::chrono::milliseconds{1});

  EXPECT_FALSE(*ran);
  ASSERT_EQ(other.held.size(), 1U);
  other.held.front()();
  EXPECT_TRUE(*ran);
}

} // namespace
} // namespace swill
