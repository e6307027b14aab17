#include "libswill/base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace swill {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string on_stderr(const log_sink& sink, const log_entry& e) {
  testing::internal::CaptureStderr();
  sink(e);
  EXPECT_TRUE(flush_log(std::chrono::seconds{10}));
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneLineWithWhatItIsAbout) {
  const std::string line = on_stderr(stderr_log(), {log_level::warning, "slow", "c0ffee", "shop.quote", 7});

  EXPECT_THAT(line, MatchesRegex("20..-..-..T..:..:..\\....Z warning slow connection=c0ffee rpc=shop.quote seq=7\n"));
}

TEST(Log, LeavesOutWhatThereIsNot) {
  const std::string line = on_stderr(stderr_log(), {log_level::info, "started"});

  EXPECT_THAT(line, HasSubstr(" info started\n"));
  EXPECT_THAT(line, Not(HasSubstr("=")));
}

TEST(Log, KeepsQuietBelowItsLevel) {
  const log_sink sink = stderr_log(log_level::warning);

  EXPECT_EQ(on_stderr(sink, {log_level::info, "chatter"}), "");
  EXPECT_NE(on_stderr(sink, {log_level::warning, "trouble"}), "");
  EXPECT_NE(on_stderr(sink, {log_level::error, "trouble"}), "");
}

TEST(Log, EscapesControlCharacters) {
  const std::string line = on_stderr(stderr_log(), {log_level::info, "a\x1b[2Jb\rc\x7f"});

  EXPECT_THAT(line, HasSubstr("a\\x1b[2Jb\\x0dc\\x7f"));
}

TEST(Log, PeerCannotForgeALineByTheNameOfItsRpc) {
  const std::string line =
      on_stderr(stderr_log(), {log_level::info, "called", "c", "x\n2026-01-01T00:00:00.000Z error forged", 1});

  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, ChildOfForkLogsToo) {
  on_stderr(stderr_log(), {log_level::info, "the parent has a thread that writes"});
  testing::internal::CaptureStderr();
  const pid_t child = ::fork();
  if (child == 0) {
    stderr_log()({log_level::info, "from the child"});
    ::_exit(flush_log(std::chrono::seconds{10}) ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);

  EXPECT_EQ(status, 0);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("info from the child\n"));
}

TEST(Log, CutsLongTexts) {
  EXPECT_LT(on_stderr(stderr_log(), {log_level::info, std::string(1'000'000, 'x')}).size(), 66'000U);
}

TEST(Log, CutsLongNames) {
  const std::string name(100'000, 'x');

  EXPECT_LT(on_stderr(stderr_log(), {log_level::info, "called", "c", name, 1}).size(), 1000U);
}

TEST(Log, PeerCannotForgeAFieldByWhatItIsCalled) {
  const log_field fields[]{{"path", "/ws seq=9"}, {"quoted", "a\"b"}, {"none", ""}};
  const std::string line =
      on_stderr(stderr_log(), {.level = log_level::info, .text = "called", .user = "ann seq=8", .fields = fields});

  EXPECT_THAT(line, HasSubstr(" called user=\"ann seq=8\" path=\"/ws seq=9\" quoted=\"a\\\"b\" none=\"\"\n"));
}

TEST(Log, ShowsFieldsOfEachKind) {
  const std::string trace(32, 'a'), word = "word";
  const log_field fields[]{{"n", -3}, {"u", 7U}, {"r", 0.5}, {"b", true}, {"t", word}};
  const std::string line = log_line({.level = log_level::info,
                                     .text = "said",
                                     .connection = "c",
                                     .rpc = "f",
                                     .seq = 1,
                                     .room = log_room::redis,
                                     .user = "ann",
                                     .trace = trace,
                                     .fields = fields});

  EXPECT_THAT(line, HasSubstr(" info said connection=c user=ann rpc=f seq=1 trace=" + trace +
                              " room=redis n=-3 u=7 r=0.5 b=true t=word\n"));
}

TEST(Log, HasALevelForEachRoom) {
  const log_sink sink{[](const log_entry&) {}, log_levels{log_level::warning}.set(log_room::redis, log_level::trace)};

  EXPECT_FALSE((logger{&sink}.enabled(log_level::info)));
  EXPECT_TRUE((logger{&sink}.enabled(log_level::warning)));
  EXPECT_TRUE((logger{&sink, log_room::redis}.enabled(log_level::trace)));
  EXPECT_FALSE((logger{&sink, log_room::access}.enabled(log_level::debug)));
}

TEST(Log, GivesAFunctionWithoutLevelsNoTraces) {
  std::vector<std::string> seen;
  const log_sink sink = [&seen](const log_entry& e) { seen.emplace_back(e.text); };

  logger{&sink}.write(log_level::trace, "of each request");
  logger{&sink}.write(log_level::debug, "of a few", {{"n", 1}, {"m", 2}});

  EXPECT_EQ(seen, std::vector<std::string>{"of a few"});
}

TEST(Log, LoggerWithoutASinkIsSilent) {
  const log_sink none;
  logger{&none}.write(log_level::error, "nobody");
  std::vector<std::string> seen;
  const log_sink sink = [&seen](const log_entry& e) { seen.emplace_back(e.text); };

  logger{&sink}.write(log_level::info, "somebody");

  EXPECT_EQ(seen, std::vector<std::string>{"somebody"});
}

TEST(Log, NamesEveryLevel) {
  for (const auto l : {log_level::trace, log_level::debug, log_level::info, log_level::warning, log_level::error}) {
    EXPECT_NE(name_of(l), "?");
  }
}

} // namespace
} // namespace swill
