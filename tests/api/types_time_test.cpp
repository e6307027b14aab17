#include "libswill/api/types/time.hpp"

#include "tests/api/types_contract.hpp"

#include <chrono>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace typed;
using swill::detail::instant;
using swill::detail::parse_time;

TEST(Time, ReadsRfc3339) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), (instant{0, 0}));
  EXPECT_EQ(parse_time("1985-04-12T23:20:50.52Z"), (instant{482196050, 520'000'000}));
  EXPECT_EQ(parse_time("1996-12-19T16:39:57-08:00"), (instant{851042397, 0}));
  EXPECT_EQ(parse_time("1990-12-31T23:59:60Z"), (instant{662688000, 0}));
  EXPECT_EQ(parse_time("1937-01-01T12:00:27.87+00:20"), (instant{-1041337173, 870'000'000}));
  EXPECT_EQ(parse_time("2000-02-29t00:00:00z"), (instant{951782400, 0}));
  EXPECT_EQ(parse_time("2000-02-29 00:00:00+00:00"), (instant{951782400, 0}));
  EXPECT_EQ(parse_time("0000-01-01T00:00:00Z"), (instant{-62167219200, 0}));
  EXPECT_EQ(parse_time("9999-12-31T23:59:59.999999999Z"), (instant{253402300799, 999'999'999}));
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.1234567891Z"), (instant{0, 123'456'789}));
}

TEST(Time, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "1970-01-01",
                           "1970-01-01T00:00:00",
                           "1970-1-01T00:00:00Z",
                           "1970-13-01T00:00:00Z",
                           "1970-00-01T00:00:00Z",
                           "1970-01-32T00:00:00Z",
                           "1970-01-00T00:00:00Z",
                           "1999-02-29T00:00:00Z",
                           "1970-01-01T24:00:00Z",
                           "1970-01-01T00:60:00Z",
                           "1970-01-01T00:00:61Z",
                           "1970-01-01T00:00:00.Z",
                           "1970-01-01T00:00:00+24:00",
                           "1970-01-01T00:00:00+00:60",
                           "1970-01-01T00:00:00+0000",
                           "1970-01-01T00:00:00ZZ",
                           " 1970-01-01T00:00:00Z",
                           "1970-01-01T00:00:00Z ",
                           "+970-01-01T00:00:00Z",
                           "1970-01-01T00:00Z",
                           "19700101T000000Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

struct wait_options {
  std::chrono::milliseconds timeout{};
  std::chrono::duration<double> pause{};
};
template <class D>
void describe(D& d, wait_options& o) {
  using std::chrono::milliseconds;
  d.field("timeout_ms", o.timeout, swill::range{0, 60000},
          swill::predicate{[](milliseconds t) { return t.count() % 10 == 0; }, "not a multiple of 10 ms"});
  d.field("pause_s", o.pause, swill::defaulted{});
}

TEST(Durations, AreTheCountOfTheirUnit) {
  EXPECT_EQ(to_value(1500ms), swill::value{1500});
  EXPECT_EQ(to_value(std::chrono::duration<double>{0.25}), swill::value{0.25});
  EXPECT_EQ(decode<std::chrono::seconds>(swill::value{-3}), -3s);
  EXPECT_EQ(round(std::chrono::hours::max()), std::chrono::hours::max());
  EXPECT_EQ(problem<std::chrono::seconds>(swill::value{1.5}), "Expected int, got float");
  using short_seconds = std::chrono::duration<std::int16_t>;
  EXPECT_EQ(problem<short_seconds>(swill::value{40000}), "Expected int from -32768 to 32767, got 40000");
}

TEST(Durations, RulesOfNumbersCountTheUnit) {
  EXPECT_TRUE(accepts<wait_options>(map({{"timeout_ms", 60000}})));
  EXPECT_EQ(problems<wait_options>(map({{"timeout_ms", 60010}})),
            R"({"timeout_ms": [{"description": "greater than 60000"}]})");
  EXPECT_EQ(problems<wait_options>(map({{"timeout_ms", 15}})),
            R"({"timeout_ms": [{"description": "not a multiple of 10 ms"}]})");
}

TEST(Durations, IntrospectionNamesTheUnit) {
  EXPECT_EQ(swill::describe_type<std::chrono::milliseconds>(), map({{"type", "int"}, {"unit", "ms"}}));
  EXPECT_EQ(swill::describe_type<std::chrono::duration<double>>(), map({{"type", "float"}, {"unit", "s"}}));
  using frames = std::chrono::duration<std::int32_t, std::ratio<1, 60>>;
  EXPECT_EQ(swill::describe_type<frames>(), map({{"type", "int"}, {"format", "int32"}, {"unit", "[1/60]s"}}));
}

} // namespace
