#include "tests/end_to_end/cli.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstring>
#include <thread>

// What somebody who sits before the tool sees, and Ctrl-C.

namespace swill::test {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;

TEST_F(Cli, EndsTheHandlerOnInterrupt) {
  program p{"swill", with_url({"call", "endless"})};
  EXPECT_EQ(p.read_line(), "0");
  p.interrupt();
  const auto end = p.finish();

  EXPECT_EQ(end.code, 130);
  EXPECT_EQ(end.errors, "");
  EXPECT_TRUE(unwound());
}

TEST_F(Cli, CanBeInterruptedWhileItReadsStdin) {
  program p{"swill", with_url({"stream", "double"})};
  p.write("1\n");
  EXPECT_EQ(p.read_line(), "2");
  p.interrupt();
  const auto end = p.wait(); // stdin stays open: its end would be another way to end

  EXPECT_EQ(end.code, 130);
  EXPECT_EQ(end.out + end.errors, "");
}

TEST_F(Cli, ShowsProgressOnATerminal) {
  program p{"swill", with_url({"call", "endless"}), program::terminal::errors};
  // stdout has to be drained, or the program waits.
  std::jthread draining{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) p.read_line();
  }};
  EXPECT_THAT(p.read_errors(), ContainsRegex("[0-9]+ received \\([0-9]+/s\\)$"));
  draining.request_stop();
  draining.join();
  p.interrupt();
  EXPECT_EQ(p.finish().code, 130);
}

constexpr auto erased = "\r\x1b[K";

/// Sends these again and again until the line of progress has `what`.
std::string progress_of(program& p, std::string_view lines, std::string_view what) {
  std::string seen;
  for (int i = 0; i < 1000 && seen.find(what) == std::string::npos; ++i) {
    p.write(lines);
    seen += p.read_errors(std::chrono::milliseconds{10});
  }
  return seen;
}

TEST_F(Cli, CountsWhatItSendsAndReceivesApart) {
  program p{"swill", with_url({"stream", "pairs"}), program::terminal::errors};
  const std::string seen = progress_of(p, "1\n2\n", "received (");
  const auto end = p.finish();

  int sent = 0;
  int received = 0;
  const auto last = seen.substr(seen.rfind('\r') == std::string::npos ? 0 : seen.rfind('\r') + std::strlen(erased));
  EXPECT_EQ(std::sscanf(last.c_str(), "%d sent (%*d/s), %d received", &sent, &received), 2) << seen;
  EXPECT_GE(sent, 2 * received);
  EXPECT_GT(received, 0);
  EXPECT_EQ(end.code, 0);
  EXPECT_THAT(end.errors, EndsWith(erased)); // whatever was shown last
}

TEST_F(Cli, ShowsProgressOfUploadsOnTheTerminalOfTheResult) {
  program p{"swill", with_url({"stream", "sum"}), program::terminal::both};
  const std::string seen = progress_of(p, "0\n", "/s)");
  const auto end = p.finish();

  EXPECT_THAT(seen, ContainsRegex("[0-9]+ sent \\([0-9]+/s\\)$"));
  EXPECT_EQ(end.code, 0);
  EXPECT_THAT(end.out, EndsWith(std::string{erased} + "0\r\n"));
}

TEST_F(Cli, ShowsNoProgressBetweenItemsOnATerminal) {
  program p{"swill", with_url({"stream", "double"}), program::terminal::both};
  p.write("1\n");
  EXPECT_THAT(p.read_line(), EndsWith("2\r")); // until then nothing is received
  for (int i = 0; i < 30; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    p.write("1\n");
    EXPECT_EQ(p.read_line(), "2\r");
  }
  EXPECT_EQ(p.finish().out, "");
}

} // namespace
} // namespace swill::test
