#include "libswill/base/value.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace swill {
namespace {

TEST(Value, HoldsIntegersAsSignedWhereTheyFit) {
  constexpr std::uint64_t largest_signed = std::numeric_limits<std::int64_t>::max();

  EXPECT_NE(value{std::uint8_t{1}}.get_if<std::int64_t>(), nullptr);
  EXPECT_NE(value{largest_signed}.get_if<std::int64_t>(), nullptr);
  EXPECT_NE(value{largest_signed + 1}.get_if<std::uint64_t>(), nullptr);
  EXPECT_EQ(value{std::uint64_t{5}}, value{5});
}

TEST(Value, ComparesByTypeAndContent) {
  const std::vector<value> all_different = {{},
                                            false,
                                            true,
                                            0,
                                            1,
                                            std::numeric_limits<std::uint64_t>::max(),
                                            1.0F,
                                            1.0,
                                            "",
                                            "1",
                                            bytes{},
                                            bytes{std::byte{'1'}},
                                            value_array{},
                                            value::array({1}),
                                            value::array({1.0}),
                                            value_map{},
                                            value::map({{"1", 1}}),
                                            value::map({{"1", 2}}),
                                            extension{},
                                            extension{1, {}}};

  for (std::size_t a = 0; a < all_different.size(); ++a) {
    for (std::size_t b = 0; b < all_different.size(); ++b) {
      EXPECT_EQ(all_different[a] == all_different[b], a == b)
          << to_text(all_different[a]) << ' ' << to_text(all_different[b]);
    }
  }
}

TEST(Value, CopiesDeeply) {
  value original = value::map({{"list", value::array({1})}});

  value copy = original;
  copy.set("list", 2);

  EXPECT_EQ(original, value::map({{"list", value::array({1})}}));
  EXPECT_EQ(copy, value::map({{"list", 2}}));
}

TEST(Value, FindsTheLastEntryOfAKey) {
  const value v = value::map({{"a", 1}, {7, 2}, {"a", 3}});

  ASSERT_NE(v.find("a"), nullptr);
  EXPECT_EQ(*v.find("a"), value{3});
}

TEST(Value, FindsNothingElsewhere) {
  EXPECT_EQ(value::map({{"a", 1}, {7, 2}}).find("b"), nullptr);
  EXPECT_EQ(value::map({{bytes{std::byte{'a'}}, 1}}).find("a"), nullptr);
  EXPECT_EQ(value{}.find("a"), nullptr);
  EXPECT_EQ(value{"a"}.find("a"), nullptr);
  EXPECT_EQ(value::array({"a"}).find("a"), nullptr);
}

TEST(Value, SetsEntries) {
  value v = value::map({{"a", 1}});

  v.set("b", 2);
  v.set("a", 3);

  EXPECT_EQ(v, value::map({{"a", 3}, {"b", 2}}));
}

TEST(Value, SetsTheDuplicateThatIsFound) {
  value v = value::map({{"a", 1}, {"a", 2}});

  v.set("a", 3);

  EXPECT_EQ(*v.find("a"), value{3});
}

TEST(Value, BecomesAMapWhenAnEntryIsSet) {
  value from_nil;
  value from_text = "x";

  from_nil.set("a", 1);
  from_text.set("a", 1);

  EXPECT_EQ(from_nil, value::map({{"a", 1}}));
  EXPECT_EQ(from_text, value::map({{"a", 1}}));
}

TEST(Value, TakesAPartOfItselfAsAnEntry) {
  value v = value::map({{"a", value::array({1})}});

  v.set("b", *v.find("a"));

  EXPECT_EQ(v, value::map({{"a", value::array({1})}, {"b", value::array({1})}}));
}

TEST(ToText, RendersEveryKind) {
  const std::vector<std::pair<value, std::string_view>> cases = {
      {{}, "null"},
      {true, "true"},
      {false, "false"},
      {-5, "-5"},
      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551615"},
      {1.0, "1.0"},
      {0.1, "0.1"},
      {0.1F, "0.1"},
      {1e300, "1e+300"},
      {std::numeric_limits<double>::infinity(), "inf"},
      {-std::numeric_limits<double>::infinity(), "-inf"},
      {"h\xc3\xa9", "\"h\xc3\xa9\""},
      {"\"\\\n\r\t\x01\x7f", R"("\"\\\n\r\t\u0001\u007f")"},
      {bytes{std::byte{0}, std::byte{0xff}}, "h'00ff'"},
      {extension{-1, {std::byte{7}}}, "ext(-1, h'07')"},
      {value::array({1, "a", value_array{}}), "[1, \"a\", []]"},
      {value::map({{"a", 1}, {2, nullptr}}), "{\"a\": 1, 2: null}"}};

  for (const auto& [v, expected] : cases) EXPECT_EQ(to_text(v), expected);
}

TEST(ToText, KeepsItsLimit) {
  const value v = "abcdefgh"; // 10 bytes with its quotes

  EXPECT_EQ(to_text(v, 10), "\"abcdefgh\"");
  EXPECT_EQ(to_text(v, 9), "\"abcde…");
  EXPECT_EQ(to_text(v, 3), "…");
  EXPECT_EQ(to_text(v, 2), "");
  EXPECT_EQ(to_text(v, 0), "");
}

TEST(ToText, CutsBetweenCharacters) { EXPECT_EQ(to_text("\xc3\xa9\xc3\xa9\xc3\xa9", 7), "\"\xc3\xa9…"); }

TEST(ToText, DoesNotRenderWhatIsCutOff) {
  const value v = value_array(1'000'000);

  const std::string text = to_text(v, 20);

  EXPECT_EQ(text, "[null, null, null…");
}

TEST(ToText, EndsWhereNestingGetsSilly) {
  value v;
  for (int i = 0; i < 1000; ++i) v = value{value_array{std::move(v)}};

  const std::string text = to_text(v);

  EXPECT_LT(text.size(), 200U);
  EXPECT_NE(text.find("…"), std::string::npos);
}

} // namespace
} // namespace swill
