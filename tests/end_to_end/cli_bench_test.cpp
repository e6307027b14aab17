#include "tests/end_to_end/cli.hpp"
#include "tests/support/patience.hpp"

#include <gmock/gmock.h>

// swill ping and swill bench.

namespace swill::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(Cli, PingsAndBenches) {
  EXPECT_THAT(swill({"ping", "-n", "2"}).out, StartsWith("2 round trips: min "));
  EXPECT_THAT(swill({"ping", "--json"}).out, StartsWith("{\"count\":4,\"min_us\":"));
  const auto bench = swill({"bench", "add", "[1,2]", "-c", "2", "-d", "4", "-s", "0.2", "--json"});
  EXPECT_EQ(bench.code, 0) << bench.errors;
  EXPECT_THAT(bench.out, HasSubstr("\"calls_per_second\":"));
  EXPECT_EQ(swill({"bench", "nosuch"}).code, 5);
}

TEST_F(Cli, BenchEndsInItsTimeAndCancelsWhatIsOpen) {
  const auto begin = std::chrono::steady_clock::now();
  const auto first = swill({"bench", "hang", "-s", "0.3"});
  const auto took = std::chrono::steady_clock::now() - begin;

  EXPECT_EQ(first.code, 6) << first.errors;
  EXPECT_LT(took, patient(std::chrono::seconds{10}));
  EXPECT_TRUE(unwound());
}

TEST_F(Cli, BenchEndsInItsTimeWhenALaterCallHangs) {
  const auto end = swill({"bench", "hangs_later", "-c", "2", "-d", "3", "-s", "0.3", "--json"});

  EXPECT_EQ(end.code, 0) << end.errors;
  EXPECT_THAT(end.out, StartsWith("{\"calls\":1,\"seconds\":0."));
  EXPECT_TRUE(unwound());
}

TEST_F(Cli, BenchEndsWithTheFirstFailureWhateverOthersWaitFor) {
  const auto end = swill({"bench", "fails_third", "-d", "2", "-s", "60"});

  EXPECT_EQ(end.code, 3) << end.errors;
  EXPECT_TRUE(unwound());
}

TEST_F(Cli, BenchRefusesHandlersThatStream) {
  for (const char* name : {"count", "sum", "double", "endless"}) {
    const auto end = swill({"bench", name, "3", "-s", "0.2"});
    EXPECT_EQ(end.code, 1) << name;
    EXPECT_THAT(end.errors, HasSubstr("streams")) << name;
  }
}

} // namespace
} // namespace swill::test
