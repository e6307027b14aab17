#include "libswill/base/move_function.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace swill {
namespace {

using to_text = move_function<std::string(int)>;

TEST(MoveFunction, CallsWhatItHolds) {
  const to_text f = [](int n) { return std::to_string(n); };
  ASSERT_TRUE(f);
  EXPECT_EQ(f(3), "3");
}

TEST(MoveFunction, IsEmptyForNothing) {
  EXPECT_FALSE(to_text{});
  EXPECT_FALSE(to_text{nullptr});
  EXPECT_FALSE(to_text{std::function<std::string(int)>{}});
  std::string (*none)(int) = nullptr;
  EXPECT_FALSE(to_text{none});
}

TEST(MoveFunction, HoldsWhatCannotBeCopied) {
  move_function<int(std::unique_ptr<int>)> f = [mine = std::make_unique<int>(4)](std::unique_ptr<int> other) {
    return *mine + *other;
  };
  auto g = std::move(f);
  EXPECT_FALSE(f); // NOLINT(bugprone-use-after-move): that is what it becomes
  EXPECT_EQ(g(std::make_unique<int>(3)), 7);
}

TEST(MoveFunction, EndsWhatItHoldsOnce) {
  const auto small = std::make_shared<int>(1);
  const auto large = std::make_shared<int>(2);
  const std::array<std::byte, 200> ballast{};
  {
    move_function<int()> f = [small] { return *small; };
    move_function<int()> g = [large, ballast] { return *large + static_cast<int>(ballast[0]); };
    EXPECT_EQ(small.use_count(), 2);
    EXPECT_EQ(large.use_count(), 2);
    f = std::move(g);
    EXPECT_EQ(small.use_count(), 1);
    EXPECT_EQ(large.use_count(), 2);
    EXPECT_EQ(f(), 2);
    auto& same = f;
    f = std::move(same);
    EXPECT_EQ(f(), 2);
  }
  EXPECT_EQ(large.use_count(), 1);
}

} // namespace
} // namespace swill
