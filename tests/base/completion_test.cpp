#include "libswill/base/completion.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace swill {
namespace {

struct Completion : testing::Test {
  manual_loop loop;
  scope s{loop};
  std::optional<completer<std::string>> pending;
};

task<std::string> wait_for(std::optional<completer<std::string>>& pending) {
  co_return co_await completion<std::string>(
      [&pending](completer<std::string> done) { pending.emplace(std::move(done)); });
}

TEST_F(Completion, GoesOnWithTheValue) {
  auto t = wait_for(pending);
  t.start(s);
  EXPECT_FALSE(t.done());

  (*pending)(std::string{"late"});

  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), "late");
}

TEST_F(Completion, AnsweredAtOnceNeverSuspends) {
  auto t = [](int) -> task<int> { co_return co_await completion<int>([](completer<int> done) { done(7); }); }(0);
  t.start(s);
  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 7);
}

TEST_F(Completion, ThrowsTheError) {
  auto t = wait_for(pending);
  t.start(s);
  (*pending)(error{error_code::unavailable, "down"});
  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), error);
}

TEST_F(Completion, TheFirstAnswerCounts) {
  auto t = wait_for(pending);
  t.start(s);
  (*pending)(std::string{"first"});
  (*pending)(std::string{"second"});
  EXPECT_EQ(t.take(), "first");
}

TEST_F(Completion, CancelledOneDropsTheAnswer) {
  auto t = wait_for(pending);
  t.start(s);

  s.cancel();
  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);

  (*pending)(std::string{"too late"});
}

TEST_F(Completion, AnswerAfterTheFrameIsGoneHarmsNobody) {
  {
    auto t = wait_for(pending);
    t.start(s);
  }
  (*pending)(std::string{"too late"});
}

TEST_F(Completion, OfVoidGoesOn) {
  auto t = [](int) -> task<int> {
    co_await completion<void>([](completer<void> done) { done({}); });
    co_return 1;
  }(0);
  t.start(s);
  ASSERT_TRUE(t.done());
  EXPECT_EQ(t.take(), 1);
}

} // namespace
} // namespace swill
