#include "libswill/api/types/scalars.hpp"

#include "tests/api/types_contract.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace {

using namespace typed;
using namespace std::chrono_literals;
using swill::value;
using time_point = std::chrono::system_clock::time_point;

template <class T>
void takes_its_range_only() {
  using limits = std::numeric_limits<T>;
  EXPECT_EQ(decode<T>(limits::min()), limits::min());
  EXPECT_EQ(decode<T>(limits::max()), limits::max());
  EXPECT_EQ(round<T>(limits::min()), limits::min());
  EXPECT_EQ(round<T>(limits::max()), limits::max());
  if constexpr (sizeof(T) < 8) {
    EXPECT_FALSE(accepts<T>(std::int64_t{limits::min()} - 1));
    EXPECT_FALSE(accepts<T>(std::int64_t{limits::max()} + 1));
  }
}

TEST(Scalars, IntegersTakeTheirRangeOnly) {
  takes_its_range_only<std::int8_t>();
  takes_its_range_only<std::uint8_t>();
  takes_its_range_only<std::int16_t>();
  takes_its_range_only<std::uint16_t>();
  takes_its_range_only<std::int32_t>();
  takes_its_range_only<std::uint32_t>();
  takes_its_range_only<std::int64_t>();
  takes_its_range_only<std::uint64_t>();
  takes_its_range_only<long long>();
  takes_its_range_only<unsigned long long>();
}

TEST(Scalars, AnIntegerOutOfRangeSaysTheRange) {
  EXPECT_EQ(problem<std::int8_t>(128), "Expected int from -128 to 127, got 128");
  EXPECT_EQ(problem<std::uint8_t>(-1), "Expected int from 0 to 255, got -1");
  EXPECT_EQ(problem<std::uint64_t>(-1), "Expected int from 0 to 18446744073709551615, got -1");
  EXPECT_EQ(problem<std::int64_t>(UINT64_MAX),
            "Expected int from -9223372036854775808 to 9223372036854775807, got 18446744073709551615");
}

TEST(Scalars, AnIntegerIsNothingElse) {
  EXPECT_EQ(problem<std::int64_t>(1.0), "Expected int, got float");
  EXPECT_EQ(problem<std::int64_t>(true), "Expected int, got bool");
  EXPECT_EQ(problem<std::int64_t>("1"), "Expected int, got str");
  EXPECT_EQ(problem<std::int64_t>(nullptr), "Expected int, got nil");
  EXPECT_EQ(problem<std::int64_t>(swill::bytes{}), "Expected int, got bytes");
  EXPECT_EQ(problem<std::int64_t>(list({})), "Expected int, got list");
  EXPECT_EQ(problem<std::int64_t>(map({})), "Expected int, got dict");
  EXPECT_EQ(problem<std::int64_t>(swill::extension{5, {}}), "Expected int, got extension 5");
  EXPECT_EQ(problem<std::int64_t>(swill::extension{-1, swill::bytes(4)}), "Expected int, got datetime");
}

TEST(Scalars, AnIntegerOf2To32AndMoreMayComeAsAFloat) {
  // JavaScript has one type of numbers, and its encoders send those that no 32 bits hold as float64.
  for (const double d : {0x1p32, 0x1p32 + 1, 1.7e12, 0x1p53 - 1, 0x1p53}) {
    EXPECT_EQ(decode<std::int64_t>(d), static_cast<std::int64_t>(d)) << d;
    EXPECT_EQ(decode<std::int64_t>(-d), -static_cast<std::int64_t>(d)) << d;
    EXPECT_EQ(decode<std::uint64_t>(d), static_cast<std::uint64_t>(d)) << d;
    EXPECT_EQ(decode<std::optional<std::int64_t>>(d), static_cast<std::int64_t>(d)) << d;
  }
  for (const double d : {0x1p32 - 1, 0x1p32 + 0.5, 0x1p53 + 2, 1e300, HUGE_VAL, std::nan(""), 1.0, 0.0}) {
    for (const double x : {d, -d}) {
      EXPECT_EQ(problem<std::int64_t>(x), "Expected int, got float") << x;
      EXPECT_EQ(problem<std::uint64_t>(x), "Expected int, got float") << x;
    }
  }
  EXPECT_EQ(problem<std::int64_t>(float{0x1p40F}), "Expected int, got float"); // no such encoder sends these
  EXPECT_EQ(problem<std::uint64_t>(-0x1p32), "Expected int from 0 to 18446744073709551615, got -4294967296");
  EXPECT_EQ(problem<std::int32_t>(0x1p32), "Expected int from -2147483648 to 2147483647, got 4294967296");
  EXPECT_EQ((decode<std::map<std::int64_t, int>>(map({{0x1p40, 1}})).begin()->first), std::int64_t{1} << 40);
  using number_or_text = std::variant<std::int64_t, std::string>;
  EXPECT_EQ(std::get<0>(decode<number_or_text>(0x1p40)), std::int64_t{1} << 40);
  EXPECT_EQ(problem<number_or_text>(1.0), "Expected int | str, got float");
  using any_number = std::variant<std::int64_t, double>;
  EXPECT_EQ(std::get<1>(decode<any_number>(0x1p40)), 0x1p40); // where there is a float, a float is one
}

TEST(Scalars, AFloatTakesEveryNumber) {
  EXPECT_EQ(decode<double>(1.5), 1.5);
  EXPECT_EQ(decode<double>(1.5F), 1.5);
  EXPECT_EQ(decode<double>(-3), -3.0);
  EXPECT_EQ(decode<double>(UINT64_MAX), 18446744073709551616.0);
  EXPECT_TRUE(std::isnan(decode<double>(std::nan(""))));
  EXPECT_EQ(decode<float>(0.5), 0.5F);
  EXPECT_EQ(problem<double>(true), "Expected float, got bool");
  EXPECT_EQ(problem<double>("1.5"), "Expected float, got str");
  EXPECT_EQ(encode(1.0).size(), 9);
  EXPECT_EQ(encode(1.0F).size(), 5);
}

TEST(Scalars, BoolIsTrueOrFalseOnly) {
  EXPECT_TRUE(decode<bool>(true));
  EXPECT_FALSE(decode<bool>(false));
  EXPECT_EQ(problem<bool>(1), "Expected bool, got int");
}

TEST(Scalars, TextIsUtf8AndNeverBin) {
  EXPECT_EQ(decode<std::string>("é\U0001F600"), "é\U0001F600");
  EXPECT_EQ(problem<std::string>(swill::bytes{}), "Expected str, got bytes");
  EXPECT_EQ(problem<swill::bytes>("x"), "Expected bytes, got str");
  EXPECT_EQ(decode<swill::bytes>(swill::bytes{std::byte{0}, std::byte{255}}),
            (swill::bytes{std::byte{0}, std::byte{255}}));

  const auto invalid = encode(swill::raw{{std::byte{0xa2}, std::byte{0xc3}, std::byte{0x28}}});
  std::string out;
  std::optional<swill::error> failure;
  EXPECT_FALSE(swill::decode_message(invalid, swill::limits{}, out, failure));
  EXPECT_EQ(to_text(failure->data), R"({"*": [{"description": "Expected str, got invalid UTF-8"}]})");
  value any;
  EXPECT_FALSE(swill::decode_message(invalid, swill::limits{}, any, failure));
  EXPECT_EQ(failure->code, 422);

  EXPECT_THROW(encode(std::string{"\xc3\x28"}), swill::encode_error);
}

TEST(Scalars, NothingIsNil) {
  EXPECT_TRUE(accepts<swill::nothing>(nullptr));
  EXPECT_EQ(problem<swill::nothing>(0), "Expected nil, got int");
  EXPECT_EQ(encode(swill::nothing{}), encode(value{}));
}

TEST(Scalars, AValueIsAnything) {
  const value all = list({nullptr, true, -1, UINT64_MAX, 1.5, 1.5F, "s", swill::bytes(3), map({{1, 2}}),
                          swill::extension{7, swill::bytes(2)}});

  EXPECT_EQ(decode<value>(all), all);
  EXPECT_EQ(round(all), all);
}

TEST(Scalars, RawKeepsTheBytes) {
  const swill::bytes wide{std::byte{0xcd}, std::byte{0}, std::byte{5}}; // 5, longer than need be
  swill::raw r;
  std::optional<swill::error> failure;

  ASSERT_TRUE(swill::decode_message(wide, swill::limits{}, r, failure));

  EXPECT_EQ(r.data, wide);
  EXPECT_EQ(encode(r), wide);
  EXPECT_EQ(encode(swill::raw{}), encode(value{}));
  EXPECT_THROW(encode(swill::raw{{}}), swill::encode_error);
  EXPECT_THROW(encode(swill::raw{{std::byte{1}, std::byte{2}}}), swill::encode_error);
  EXPECT_THROW(encode(swill::raw{{std::byte{0x91}}}), swill::encode_error);
}

TEST(Scalars, TimesTravelAsTheShortestTimestamp) {
  EXPECT_EQ(encode(time_point{1s}).size(), 6);
  EXPECT_EQ(encode(time_point{1s + 1ns}).size(), 10);
  EXPECT_EQ(encode(time_point{-1ns}).size(), 15);
  for (const auto t : {time_point{}, time_point{1s}, time_point{1s + 1ns}, time_point{-1ns}, time_point{-1s},
                       time_point::min(), time_point::min() + 1ns, time_point::max(), time_point::max() - 1s}) {
    EXPECT_EQ(round(t), t) << t.time_since_epoch().count();
  }
}

TEST(Scalars, ATimeOutOfRangeIsNoTime) {
  using seconds = std::chrono::sys_seconds;
  const auto past = [](time_point t, std::chrono::seconds d) {
    return to_value(std::chrono::floor<std::chrono::seconds>(t) + d);
  };

  EXPECT_EQ(problem<time_point>(past(time_point::max(), 1s)), "Expected datetime, got one out of range");
  EXPECT_EQ(problem<time_point>(past(time_point::min(), 0s)), "Expected datetime, got one out of range");
  EXPECT_EQ(problem<time_point>("9999-12-31T23:59:59Z"), "Expected datetime, got one out of range");
  EXPECT_EQ(decode<seconds>("9999-12-31T23:59:59Z").time_since_epoch().count(), 253402300799);
  EXPECT_EQ(round(seconds::max()), seconds::max());
}

TEST(Scalars, TheTimePointToPreferHoldsEveryDateOfRfc3339) {
  for (const char* text : {"9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z"}) {
    const auto t = decode<swill::time_point>(text);
    EXPECT_EQ(round(t), t) << text;
  }
  EXPECT_EQ(decode<swill::time_point>("9999-12-31T23:59:59.999999Z").time_since_epoch(), 253402300799999999us);
  EXPECT_EQ(decode<swill::time_point>("0001-01-01T00:00:00Z").time_since_epoch(), -62135596800s);
}

TEST(Scalars, TimesMayBeText) {
  EXPECT_EQ(decode<time_point>("1970-01-01T00:00:01.5Z"), time_point{1500ms});
  EXPECT_EQ(problem<time_point>("yesterday"), "Expected datetime, got a str that is no RFC 3339 time");
  EXPECT_EQ(problem<time_point>(0), "Expected datetime, got int");
  EXPECT_EQ(problem<time_point>(swill::extension{5, swill::bytes(4)}), "Expected datetime, got extension 5");
}

TEST(Scalars, EnumerationsTravelByNameOrByNumber) {
  EXPECT_EQ(decode<contract::color>("blue"), contract::color::blue);
  EXPECT_EQ(to_value(contract::color::red), value{"red"});
  EXPECT_EQ(problem<contract::color>("RED"), "Expected red | blue, got another str");
  EXPECT_EQ(problem<contract::color>(1), "Expected red | blue, got int");
  EXPECT_EQ(decode<contract::level>(2), contract::level::high);
  EXPECT_EQ(to_value(contract::level::low), value{1});
  EXPECT_EQ(problem<contract::level>(3), "Expected 1 | 2, got 3");
  EXPECT_EQ(problem<contract::level>("low"), "Expected 1 | 2, got str");
  EXPECT_THROW(to_value(static_cast<contract::level>(7)), swill::encode_error);
}

enum class wide : std::uint64_t { top = UINT64_MAX };
template <class D>
void describe(D& d, wide&) {
  d.by_number();
  d.value("top", wide::top);
}

TEST(Scalars, AnEnumerationMayBeUnsigned64) {
  EXPECT_EQ(decode<wide>(UINT64_MAX), wide::top);
  EXPECT_EQ(to_value(wide::top), value{UINT64_MAX});
  EXPECT_FALSE(accepts<wide>(-1));
  EXPECT_EQ(problem<wide>(UINT64_MAX - 1), "Expected 18446744073709551615, got 18446744073709551614");
}

} // namespace
