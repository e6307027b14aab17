#include "libswill/wire/codec.hpp"

#include "tests/wire/hex.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace swill::wire {
namespace {

constexpr std::size_t plenty = 1'000'000;

value_status status_of(std::string_view hex, std::size_t nesting_limit = 32, std::size_t budget = plenty) {
  const bytes input = from_hex(hex);
  reader from{input};
  value out = 1;
  const value_status s = read_value(from, out, nesting_limit, budget);
  if (s != value_status::ok) {
    EXPECT_EQ(from.position(), 0U) << hex;
    EXPECT_TRUE(out.is_nil()) << hex;
  }
  return s;
}

std::string repeat(std::string_view s, std::size_t n) {
  std::string out;
  for (; n != 0; --n) out += s;
  return out;
}

TEST(Codec, ReadsAndWritesEveryKindOfValue) {
  const std::vector<std::pair<std::string_view, value>> cases = {
      {"c0", {}},
      {"c2", false},
      {"c3", true},
      {"00", 0},
      {"e0", -32},
      {"cf7fffffffffffffff", std::numeric_limits<std::int64_t>::max()},
      {"cf8000000000000000", std::uint64_t{1} << 63},
      {"d38000000000000000", std::numeric_limits<std::int64_t>::min()},
      {"ca3fc00000", 1.5F},
      {"cb3ff8000000000000", 1.5},
      {"a0", ""},
      {"a3c3a961", "\xc3\xa9\x61"},
      {"c4020001", bytes{std::byte{0}, std::byte{1}}},
      {"90", value_array{}},
      {"9301a16193c0c2c3", value::array({1, "a", value::array({nullptr, false, true})})},
      {"80", value_map{}},
      {"82a161010201", value::map({{"a", 1}, {2, 1}})},
      {"d40507", extension{5, {std::byte{7}}}},
      {"c70080", extension{-128, {}}}};

  for (const auto& [hex, expected] : cases) {
    const bytes input = from_hex(hex);
    reader from{input};
    value out = "before";

    EXPECT_TRUE(read_value(from, out, 2)) << hex;

    EXPECT_EQ(out, expected) << hex;
    EXPECT_TRUE(from.at_end()) << hex;
    EXPECT_EQ(written([&, &v = expected](writer& w) { write_value(w, v); }), hex);
  }
}

TEST(Codec, ReadsOneValueAndStopsBehindIt) {
  const bytes input = from_hex("9101c0");
  reader from{input};
  value out;

  EXPECT_TRUE(read_value(from, out, 1));

  EXPECT_EQ(from.remaining(), 1U);
}

TEST(Codec, RefusesMalformedValues) {
  for (const std::string_view hex : {"", "c1", "cc", "cb3ff8", "92a161", "81a161", "91c1", "8101c1", "ddffffffff",
                                     "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff00", "d8050000"}) {
    EXPECT_EQ(status_of(hex), value_status::malformed) << hex;
  }
}

TEST(Codec, RefusesTextThatIsNotUtf8Anywhere) {
  for (const std::string_view hex : {"a2c328", "91a2c328", "81a2c32801", "8101a2c328"}) {
    EXPECT_EQ(status_of(hex), value_status::invalid_utf8) << hex;
  }
}

TEST(Codec, ReadsUpToTheNestingLimitAndNoDeeper) {
  EXPECT_EQ(status_of(repeat("91", 32) + "c0", 32), value_status::ok);
  EXPECT_EQ(status_of(repeat("91", 33) + "c0", 32), value_status::too_deep);
  EXPECT_EQ(status_of(repeat("81a16b", 32) + "c0", 32), value_status::ok);
  EXPECT_EQ(status_of(repeat("81a16b", 33) + "c0", 32), value_status::too_deep);
  EXPECT_EQ(status_of("90", 0), value_status::too_deep);
  EXPECT_EQ(status_of(repeat("91", 100'000) + "c0", plenty), value_status::too_deep);
}

TEST(Codec, KeepsTheLastOfEqualKeys) {
  const auto read = [](const std::string& hex) {
    const bytes input = from_hex(hex);
    reader from{input};
    value out;
    EXPECT_TRUE(read_value(from, out, 32)) << hex;
    return out;
  };

  EXPECT_EQ(read("83a16101a16202d9016103"), value::map({{"b", 2}, {"a", 3}}));
  EXPECT_EQ(read("8301c0cc01c2d3000000000000000101"), value::map({{1, 1}}));
  EXPECT_EQ(read("8301c0cb3ff0000000000000c2a131c3"), value::map({{1, nullptr}, {1.0, false}, {"1", true}}));
  EXPECT_EQ(read("82c001c002"), value::map({{nullptr, 2}}));
  EXPECT_EQ(read("82910101910102"), value::map({{value::array({1}), 2}}));

  // So many that they are sorted.
  std::string many = "de0028";
  for (const char* v : {"01", "02"}) {
    for (int i = 0; i < 20; ++i) many += "cc" + to_hex(bytes{static_cast<std::byte>(i)}) + v;
  }
  const value last = read(many);
  ASSERT_EQ(last.get_if<value_map>()->size(), 20U);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ((*last.get_if<value_map>())[static_cast<std::size_t>(i)], (std::pair<value, value>{i, 2}));
}

TEST(Codec, SpendsTheBudgetOnItemsOfContainers) {
  constexpr std::size_t ten = 10 * sizeof(value);
  const std::string array = "9a" + repeat("c0", 10);
  const std::string map = "85" + repeat("c0", 10);

  EXPECT_EQ(status_of(array, 32, ten), value_status::ok);
  EXPECT_EQ(status_of(array, 32, ten - 1), value_status::too_large);
  EXPECT_EQ(status_of(map, 32, ten), value_status::ok);
  EXPECT_EQ(status_of(map, 32, ten - 1), value_status::too_large);
  EXPECT_EQ(status_of("d92f" + repeat("61", 47), 32, 0), value_status::ok);
}

TEST(Codec, SharesOneBudgetBetweenValues) {
  const bytes input = from_hex("9101"
                               "9101");
  reader from{input};
  value out;
  std::size_t budget = sizeof(value) * 3 / 2;

  EXPECT_EQ(read_value(from, out, 1, budget), value_status::ok);
  EXPECT_EQ(read_value(from, out, 1, budget), value_status::too_large);

  EXPECT_EQ(from.position(), 2U);
}

TEST(Codec, RefusesNestedDeclarationsBeforeTheyMultiply) {
  // 30 arrays within each other, each declaring as many items as there are bytes left: honest ones would need 30 times the memory.
  std::string hex;
  for (std::size_t left = 200'000 - 5; hex.size() < 30 * 10; left -= 5) {
    std::string count;
    for (int shift = 24; shift >= 0; shift -= 8) count += to_hex(bytes{static_cast<std::byte>((left >> shift) & 0xff)});
    hex += "dd" + count;
  }
  hex += repeat("c0", 200'000 - hex.size() / 2);

  EXPECT_EQ(status_of(hex, 32, 2 * 200'000 * sizeof(value)), value_status::too_large);
  EXPECT_EQ(status_of(hex, 32, 40 * 200'000 * sizeof(value)), value_status::malformed);
}

TEST(Codec, RefusesToWriteTextThatIsNotUtf8) {
  buffer out;
  writer to{out};

  EXPECT_THROW(write_value(to, "\xff"), encode_error);
  EXPECT_THROW(write_value(to, value::array({value::map({{"k", "\xff"}})})), encode_error);
  EXPECT_THROW(write_value(to, value::map({{"\xff", 1}})), encode_error);
}

} // namespace
} // namespace swill::wire
