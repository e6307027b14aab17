#include "libswill/wire/reader.hpp"

#include "tests/wire/hex.hpp"

#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace swill::wire {
namespace {

/// Calls each read_* and skip on input that must be refused, and checks that none moves or agrees.
void expect_unreadable(std::string_view hex) {
  const bytes input = from_hex(hex);
  reader r{input};
  bool b = false;
  std::int64_t i = 0;
  std::uint64_t u = 0;
  double d = 0;
  float f = 0;
  std::string_view s;
  bytes_view v;
  std::uint32_t n = 0;
  std::int8_t t = 0;

  const bool read = r.read_nil() || r.read_bool(b) || r.read_int(i) || r.read_uint(u) || r.read_real(d) ||
                    r.read_real32(f) || r.read_str(s) || r.read_bin(v) || r.read_array(n) || r.read_map(n) ||
                    r.read_ext(t, v) || r.read_timestamp(i, n) || r.skip(32) || r.read_raw(v, 32);

  EXPECT_FALSE(read) << hex;
  EXPECT_EQ(r.position(), 0U) << hex;
}

TEST(Reader, NamesTheKindOfEveryFirstByte) {
  const std::vector<std::pair<int, kind>> starts = {
      {0x00, kind::integer}, {0x80, kind::map},     {0x90, kind::array}, {0xa0, kind::str},   {0xc0, kind::nil},
      {0xc1, kind::end},     {0xc2, kind::boolean}, {0xc4, kind::bin},   {0xc7, kind::ext},   {0xca, kind::real},
      {0xcc, kind::integer}, {0xd4, kind::ext},     {0xd9, kind::str},   {0xdc, kind::array}, {0xde, kind::map},
      {0xe0, kind::integer}, {0x100, kind::end}};

  for (std::size_t range = 0; range + 1 < starts.size(); ++range) {
    for (int first = starts[range].first; first < starts[range + 1].first; ++first) {
      const bytes input{static_cast<std::byte>(first)};

      EXPECT_EQ(reader{input}.peek(), starts[range].second) << std::hex << first;
    }
  }
}

TEST(Reader, TellsWhereItIs) {
  const bytes input = from_hex("01c0");
  reader r{input};
  std::int64_t i = 0;

  ASSERT_TRUE(r.read_int(i));

  EXPECT_EQ(r.position(), 1U);
  EXPECT_EQ(r.remaining(), 1U);
  EXPECT_EQ(to_hex(r.rest()), "c0");
  EXPECT_FALSE(r.at_end());
  EXPECT_TRUE(r.read_nil());
  EXPECT_TRUE(r.at_end());
  EXPECT_EQ(r.peek(), kind::end);
}

TEST(Reader, ReadsNothingFromNothing) { expect_unreadable(""); }

TEST(Reader, ReadsIntegersOfEveryWidth) {
  const std::vector<std::pair<std::string_view, std::int64_t>> cases = {
      {"00", 0},
      {"7f", 127},
      {"ff", -1},
      {"e0", -32},
      {"cc00", 0},
      {"ccff", 255},
      {"cd0001", 1},
      {"cdffff", 65535},
      {"ceffffffff", 4294967295},
      {"cf7fffffffffffffff", std::numeric_limits<std::int64_t>::max()},
      {"d07f", 127},
      {"d080", -128},
      {"d18000", -32768},
      {"d17fff", 32767},
      {"d280000000", -2147483648LL},
      {"d300000000000000ff", 255},
      {"d38000000000000000", std::numeric_limits<std::int64_t>::min()}};

  for (const auto& [hex, expected] : cases) {
    const bytes input = from_hex(hex);
    reader r{input};
    std::int64_t i = 99;

    EXPECT_TRUE(r.read_int(i)) << hex;
    EXPECT_EQ(i, expected) << hex;
    EXPECT_TRUE(r.at_end()) << hex;
  }
}

TEST(Reader, ReadsUnsignedFromAnyFormatUnlessNegative) {
  for (const std::string_view hex : {"05", "cc05", "cd0005", "ce00000005", "cf0000000000000005", "d005", "d10005",
                                     "d200000005", "d30000000000000005"}) {
    const bytes input = from_hex(hex);
    reader r{input};
    std::uint64_t u = 0;

    EXPECT_TRUE(r.read_uint(u)) << hex;
    EXPECT_EQ(u, 5U) << hex;
    EXPECT_TRUE(r.at_end()) << hex;
  }
  for (const std::string_view hex : {"ff", "e0", "d0ff", "d1ffff", "d2ffffffff", "d3ffffffffffffffff"}) {
    const bytes input = from_hex(hex);
    reader r{input};
    std::uint64_t u = 0;

    EXPECT_FALSE(r.read_uint(u)) << hex;
    EXPECT_EQ(r.position(), 0U) << hex;
  }
}

TEST(Reader, KeepsTheLargestUnsignedApart) {
  const bytes input = from_hex("cfffffffffffffffff");
  reader r{input};
  std::int64_t i = 0;
  std::uint64_t u = 0;

  EXPECT_FALSE(r.read_int(i));
  EXPECT_TRUE(r.read_uint(u));

  EXPECT_EQ(u, std::numeric_limits<std::uint64_t>::max());
}

TEST(Reader, ReadsRealsOfBothWidthsButNoIntegers) {
  const bytes input = from_hex("ca3fc00000 cb3ff8000000000000 01");
  reader r{input};
  double narrow = 0;
  double wide = 0;
  float f = 0;

  EXPECT_TRUE(r.read_real(narrow));
  EXPECT_FALSE(r.read_real32(f));
  EXPECT_TRUE(r.read_real(wide));
  EXPECT_FALSE(r.read_real(wide));

  EXPECT_EQ(narrow, 1.5);
  EXPECT_EQ(wide, 1.5);
}

TEST(Reader, ReadsStrAndBinOfEveryLengthFormat) {
  for (const std::size_t n : {0U, 1U, 31U, 32U, 255U, 256U, 65535U, 65536U}) {
    const std::string text(n, 'x');
    buffer out;
    writer to{out};
    to.str(text);
    to.bin(as_bytes(text));
    reader r{out.view()};
    std::string_view s;
    bytes_view b;

    EXPECT_FALSE(r.read_bin(b)) << n;
    EXPECT_TRUE(r.read_str(s)) << n;
    EXPECT_FALSE(r.read_str(s)) << n;
    EXPECT_TRUE(r.read_bin(b)) << n;

    EXPECT_EQ(s, text);
    EXPECT_EQ(as_text(b), text);
    EXPECT_TRUE(r.at_end());
  }
}

TEST(Reader, ReadsNonShortestLengths) {
  const bytes input =
      from_hex("d90161 da000161 db0000000161 c5000161 c60000000161 dc000101 dd0000000101 de00010102 df000000010102");
  reader r{input};
  std::string_view s;
  bytes_view b;
  std::uint32_t n = 0;
  const auto one_inside = [&] { return n == 1 && r.skip(0); };

  EXPECT_TRUE(r.read_str(s) && r.read_str(s) && r.read_str(s));
  EXPECT_TRUE(r.read_bin(b) && r.read_bin(b));
  EXPECT_TRUE(r.read_array(n) && one_inside());
  EXPECT_TRUE(r.read_array(n) && one_inside());
  EXPECT_TRUE(r.read_map(n) && one_inside() && r.skip(0));
  EXPECT_TRUE(r.read_map(n) && one_inside() && r.skip(0));

  EXPECT_TRUE(r.at_end());
}

TEST(Reader, ReadsExtensionsOfEveryLengthFormat) {
  for (const std::size_t n : {0U, 1U, 2U, 3U, 4U, 8U, 15U, 16U, 17U, 255U, 256U, 65535U, 65536U}) {
    const std::string data(n, 'x');
    buffer out;
    writer{out}.ext(-7, as_bytes(data));
    reader r{out.view()};
    std::int8_t type = 0;
    bytes_view b;

    EXPECT_TRUE(r.read_ext(type, b)) << n;

    EXPECT_EQ(type, -7) << n;
    EXPECT_EQ(as_text(b), data) << n;
    EXPECT_TRUE(r.at_end()) << n;
  }
}

TEST(Reader, ReadsTimestampsOfAllThreeLengths) {
  const bytes input = from_hex("d6ff00000001 d7ff0000000400000002 c70cff3b9ac9ffffffffffffffffff");
  reader r{input};
  std::int64_t s[3] = {};
  std::uint32_t ns[3] = {};

  for (int i = 0; i < 3; ++i) ASSERT_TRUE(r.read_timestamp(s[i], ns[i])) << i;

  EXPECT_EQ(s[0], 1);
  EXPECT_EQ(ns[0], 0U);
  EXPECT_EQ(s[1], 2);
  EXPECT_EQ(ns[1], 1U);
  EXPECT_EQ(s[2], -1);
  EXPECT_EQ(ns[2], 999'999'999U);
}

TEST(Reader, RefusesTimestampsOfOtherTypesLengthsAndNanoseconds) {
  for (const std::string_view hex :
       {"d60100000001", "d4ff00", "c700ff", "c70cff3b9aca000000000000000000", "d7ffee6b280000000000"}) {
    const bytes input = from_hex(hex);
    reader r{input};
    std::int64_t s = 0;
    std::uint32_t ns = 0;

    EXPECT_FALSE(r.read_timestamp(s, ns)) << hex;
    EXPECT_EQ(r.position(), 0U) << hex;
  }
}

TEST(Reader, RefusesEveryProperPrefixOfEveryFormat) {
  const std::vector<std::string> whole = {"ccff",
                                          "cdffff",
                                          "ceffffffff",
                                          "cfffffffffffffffff",
                                          "d080",
                                          "d18000",
                                          "d280000000",
                                          "d38000000000000000",
                                          "ca3fc00000",
                                          "cb3ff8000000000000",
                                          "a3616263",
                                          "d903616263",
                                          "da0003616263",
                                          "db00000003616263",
                                          "c403616263",
                                          "c50003616263",
                                          "c600000003616263",
                                          "9101",
                                          "dc000101",
                                          "dd0000000101",
                                          "810102",
                                          "de00010102",
                                          "df000000010102",
                                          "d40500",
                                          "d5050000",
                                          "d60500000000",
                                          "d7050000000000000000",
                                          "d80500000000000000000000000000000000",
                                          "c7010500",
                                          "c800010500",
                                          "c9000000010500",
                                          "d6ff00000001"};

  for (const std::string& hex : whole) {
    for (std::size_t digits = 0; digits < hex.size(); digits += 2) expect_unreadable(hex.substr(0, digits));
  }
}

TEST(Reader, RefusesSizesBeyondTheBytesThatAreThere) {
  for (const std::string_view hex : {"dbffffffff61", "c6ffffffff61", "c9ffffffff0161", "ddffffffff01", "dfffffffff0102",
                                     "df800000000102", "dd0000000201", "de0001c0", "9f00", "8800", "c1"}) {
    expect_unreadable(hex);
  }
}

TEST(Reader, SkipsOneWholeValue) {
  for (const std::string_view hex : {"c0", "c2", "01", "cb3ff8000000000000", "a161", "c40161", "90", "80", "92019102",
                                     "82a16101a16290", "d60100000000", "c7020161 61"}) {
    const bytes input = from_hex(std::string{hex} + "c0");
    reader r{input};
    bytes_view raw;

    EXPECT_TRUE(r.read_raw(raw, 2)) << hex;

    EXPECT_EQ(raw.size(), input.size() - 1) << hex;
    EXPECT_EQ(r.remaining(), 1U) << hex;
  }
}

TEST(Reader, SkipsUpToTheNestingLimitAndNoDeeper) {
  for (const std::string_view open : {"91", "8101", "81a16b", "dc0001", "df0000000101"}) {
    const bytes at_limit = from_hex(repeat(open, 32) + "c0");
    const bytes past_limit = from_hex(repeat(open, 33) + "c0");
    reader allowed{at_limit};
    reader refused{past_limit};

    EXPECT_EQ(allowed.scan(32), scan_status::ok) << open;
    EXPECT_EQ(refused.scan(32), scan_status::too_deep) << open;

    EXPECT_EQ(refused.position(), 0U);
  }
}

TEST(Reader, CountsTheValuesThatItScans) {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {"c0", 1}, {"90", 1}, {"80", 1}, {"93010203", 4}, {"8101a178", 3}, {"92909190", 4}, {"81a16192c0c0", 5}};
  for (const auto& [hex, expected] : cases) {
    const bytes input = from_hex(hex);
    reader r{input};
    std::size_t values = 0;
    EXPECT_EQ(r.scan(reader::deepest, values), scan_status::ok) << hex;
    EXPECT_EQ(values, expected) << hex;
  }
}

TEST(Reader, CountsEmptyContainersAsNesting) {
  const bytes array = from_hex("90");
  const bytes map = from_hex("80");

  EXPECT_EQ(reader{array}.scan(0), scan_status::too_deep);
  EXPECT_EQ(reader{map}.scan(0), scan_status::too_deep);
  EXPECT_EQ(reader{array}.scan(1), scan_status::ok);
}

TEST(Reader, NeverNestsBeyondItsDeepest) {
  const bytes at = from_hex(repeat("91", reader::deepest) + "c0");
  const bytes past = from_hex(repeat("91", reader::deepest + 1) + "c0");

  EXPECT_EQ(reader{at}.scan(1'000'000), scan_status::ok);
  EXPECT_EQ(reader{past}.scan(1'000'000), scan_status::too_deep);
}

TEST(Reader, SkipsAnyDepth) {
  const bytes values = from_hex(repeat("91", 100'000) + "c0" + repeat("81a16b", 5000) + "9203a2786d" + "01" + "02");
  reader r{values};

  EXPECT_FALSE(r.skip_any_depth(5));
  EXPECT_EQ(r.position(), 0U);

  EXPECT_TRUE(r.skip_any_depth(3));
  EXPECT_EQ(values.size() - r.position(), 1U);
  EXPECT_TRUE(r.skip_any_depth(0));
  EXPECT_FALSE(r.skip_any_depth(2));
  EXPECT_TRUE(r.skip_any_depth(1));
  EXPECT_TRUE(r.at_end());
}

} // namespace
} // namespace swill::wire
