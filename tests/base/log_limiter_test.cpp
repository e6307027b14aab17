#include "libswill/base/log_limiter.hpp"

#include "tests/base/manual.hpp"

#include <gmock/gmock.h>

namespace swill {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct LogLimiter : testing::Test {
  std::vector<std::string> lines;
  const log_sink sink = [this](const log_entry& e) { lines.emplace_back(e.text); };
  clock_time now{1h};
};

TEST_F(LogLimiter, KeepsWhatALineIsAbout) {
  std::vector<std::string> about;
  const log_sink keep = [&about](const log_entry& e) {
    about.push_back(std::string{e.connection} + " " + std::string{e.rpc} + " " + std::to_string(e.seq));
  };
  log_limiter l{&keep};
  for (const std::uint64_t seq : {1U, 2U, 3U})
    l.write("failed", {.level = log_level::error, .text = "no", .connection = "c1", .rpc = "shop.buy", .seq = seq},
            now);
  l.flush(now + 1s);

  EXPECT_THAT(about, ElementsAre("c1 shop.buy 1", "c1 shop.buy 3"));
}

TEST_F(LogLimiter, WritesOneLineForEachKindAndSecondWithACount) {
  log_limiter l{&sink};

  for (int i = 0; i < 1000; ++i) l.write(log_level::error, "full", "no memory " + std::to_string(i), now);
  l.write(log_level::error, "other", "something else", now);
  EXPECT_THAT(lines, ElementsAre("no memory 0", "something else"));

  EXPECT_TRUE(l.flush(now + 1s));
  EXPECT_THAT(lines, ElementsAre("no memory 0", "something else", "no memory 999 (999 like it)"));
  l.write(log_level::error, "full", "again", now + 1500ms); // the second since that line is not over
  EXPECT_EQ(lines.size(), 3U);
  EXPECT_TRUE(l.flush(now + 2s));
  EXPECT_FALSE(l.flush(now + 3s));
  EXPECT_EQ(lines.back(), "again (1 like it)");
  l.write(log_level::error, "full", "much later", now + 4s);
  EXPECT_EQ(lines.back(), "much later");
}

TEST_F(LogLimiter, LosesNoCountWhenItEnds) {
  {
    log_limiter l{&sink};
    for (int i = 0; i < 3; ++i) l.write(log_level::error, "full", "no memory", now);
  }
  EXPECT_THAT(lines, ElementsAre("no memory", "no memory (2 like it)"));
}

TEST_F(LogLimiter, DoesNotGrowWithItsKinds) {
  log_limiter l{&sink};
  for (int i = 0; i < 1000; ++i) l.write(log_level::error, "kind " + std::to_string(i), "text", now);
  EXPECT_EQ(lines.size(), log_limiter::most_kinds + 1); // the rest is one kind
}

TEST_F(LogLimiter, MakesTheWholeTextOnlyOfWhatItWrites) {
  log_limiter l{&sink};
  int whole = 0;
  const log_limiter::text_maker make = [&whole](log_limiter::length n) {
    whole += n == log_limiter::length::whole ? 1 : 0;
    return std::string{n == log_limiter::length::whole ? "thrown, with its stack" : "thrown"};
  };

  for (int i = 0; i < 100; ++i) l.write("kind", {.level = log_level::error}, make, now);
  l.flush(now + 1s);

  EXPECT_EQ(whole, 1);
  EXPECT_THAT(lines, ElementsAre("thrown, with its stack", "thrown (99 like it)"));
}

TEST_F(LogLimiter, BuildsNothingBelowTheLevelOfItsRoom) {
  const log_sink quiet{[](const log_entry&) { FAIL(); }, log_levels{}.set(log_room::redis, log_level::error)};
  log_limiter l{&quiet, log_room::redis};

  EXPECT_FALSE(l.write(
      "kind", {.level = log_level::warning},
      [](log_limiter::length) -> std::string { throw std::logic_error{"built"}; }, now));
}

} // namespace
} // namespace swill
