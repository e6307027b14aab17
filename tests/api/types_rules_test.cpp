#include "libswill/api/types/rules.hpp"

#include "tests/api/types_contract.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <set>
#include <stdexcept>

namespace {

using namespace typed;
using swill::value;

/// What rule says of v: empty when it holds.
template <class R, class T>
std::string says(const R& rule, const T& v) {
  return rule.holds(v) ? "" : rule.problem(v);
}

TEST(Rules, BoundsAreExactAtEveryEdge) {
  EXPECT_EQ(problems<contract::bounds>(map({{"gt", 9}, {"ge", 9}, {"lt", 9}, {"le", 9}})),
            R"({"gt": [{"description": "less than or equal to 10"}], "ge": [{"description": "less than 10"}]})");
  EXPECT_EQ(
      problems<contract::bounds>(map({{"gt", 10}, {"ge", 10}, {"lt", 10}, {"le", 10}})),
      R"({"gt": [{"description": "less than or equal to 10"}], "lt": [{"description": "greater than or equal to 10"}]})");
  EXPECT_EQ(problems<contract::bounds>(map({{"gt", 11}, {"ge", 11}, {"lt", 11}, {"le", 11}})),
            R"({"lt": [{"description": "greater than or equal to 10"}], "le": [{"description": "greater than 10"}]})");
}

TEST(Rules, NumbersOfDifferentTypesCompareByValue) {
  EXPECT_EQ(says(swill::gt{0.5}, 1), "");
  EXPECT_EQ(says(swill::gt{0.5}, 0), "less than or equal to 0.5");
  EXPECT_EQ(says(swill::ge{-1}, 0U), "");
  EXPECT_EQ(says(swill::lt{UINT64_MAX}, -1), "");
  EXPECT_EQ(says(swill::le{INT64_MAX}, UINT64_MAX), "greater than 9223372036854775807");
  EXPECT_EQ(says(swill::lt{9007199254740992.0}, 9007199254740993), "greater than or equal to 9007199254740992.0");
  EXPECT_EQ(says(swill::le{9007199254740992.0}, 9007199254740993), "greater than 9007199254740992.0");
  EXPECT_EQ(says(swill::le{1000}, 1000.5), "greater than 1000");
  EXPECT_EQ(says(swill::ge{0}, std::nan("")), "less than 0");
  EXPECT_EQ(says(swill::lt{0}, std::nan("")), "greater than or equal to 0");
}

TEST(Rules, NumbersPrintAsInPython) {
  EXPECT_EQ(swill::number{10}.text(), "10");
  EXPECT_EQ(swill::number{UINT64_MAX}.text(), "18446744073709551615");
  EXPECT_EQ(swill::number{0.5}.text(), "0.5");
  EXPECT_EQ(swill::number{10.0}.text(), "10.0");
  EXPECT_EQ(swill::number{100000.0}.text(), "100000.0");
  EXPECT_EQ(swill::number{1e16}.text(), "1e+16");
  EXPECT_EQ(swill::number{0.0001}.text(), "0.0001");
  EXPECT_EQ(swill::number{0.00001}.text(), "1e-05");
  EXPECT_EQ(swill::number{-0.0}.text(), "-0.0");
}

TEST(Rules, ARangeIncludesBothEnds) {
  EXPECT_EQ(says(swill::range{1, 3}, 0), "less than 1");
  EXPECT_EQ(says(swill::range{1, 3}, 1), "");
  EXPECT_EQ(says(swill::range{1, 3}, 3), "");
  EXPECT_EQ(says(swill::range{1, 3}, 4), "greater than 3");
}

TEST(Rules, MultiplesDivideWithoutRest) {
  EXPECT_EQ(says(swill::multiple_of{3}, 9), "");
  EXPECT_EQ(says(swill::multiple_of{3}, -9), "");
  EXPECT_EQ(says(swill::multiple_of{3}, 0), "");
  EXPECT_EQ(says(swill::multiple_of{3}, 10), "not a multiple of 3");
  EXPECT_EQ(says(swill::multiple_of{-3}, 9U), "");
  EXPECT_EQ(says(swill::multiple_of{-1}, INT64_MIN), "");
  EXPECT_EQ(says(swill::multiple_of{0}, 1), "not a multiple of 0");
  EXPECT_EQ(says(swill::multiple_of{0.25}, 1.5), "");
  EXPECT_EQ(says(swill::multiple_of{0.25}, 1.6), "not a multiple of 0.25");
}

TEST(Rules, LengthCountsCharactersBytesAndItems) {
  const swill::length from_two_to_three{.min = 2, .max = 3};
  EXPECT_EQ(says(from_two_to_three, std::string{"é"}), "length less than 2");
  EXPECT_EQ(says(from_two_to_three, std::string{"éé"}), "");
  EXPECT_EQ(says(from_two_to_three, std::string{"\U0001F600\U0001F600\U0001F600"}), "");
  EXPECT_EQ(says(from_two_to_three, std::string{"abcd"}), "length greater than or equal to 4");
  EXPECT_EQ(says(from_two_to_three, swill::bytes(1)), "length less than 2");
  EXPECT_EQ(says(from_two_to_three, swill::bytes(3)), "");
  EXPECT_EQ(says(from_two_to_three, std::vector<int>(4)), "length greater than or equal to 4");
  EXPECT_EQ(says(swill::min_length{1}, std::string{}), "length less than 1");
  EXPECT_EQ(says(swill::min_length{1}, std::string{"a"}), "");
  EXPECT_EQ(says(swill::length{.min = 1}, std::string{}), "length less than 1");
  EXPECT_EQ(says(swill::length{.min = 1}, std::string(1000, 'a')), "");
  EXPECT_EQ(says(swill::length{.max = 1}, std::string{}), "");
  EXPECT_EQ(says(swill::length{.max = 1}, std::string{"ab"}), "length greater than or equal to 2");
}

// Two numbers without names once meant an end that is not included.
template <class Rule>
concept takes_two_numbers = requires {
  Rule{1, 2};
};
static_assert(takes_two_numbers<swill::range> && !takes_two_numbers<swill::length>);

TEST(Rules, AnOpenEndIsNoConstraint) {
  swill::type_notes notes;
  swill::length{.min = 2}.note(notes);
  EXPECT_EQ(value{notes.constraints}, map({{"min_length", 2}}));
}

TEST(Rules, APatternIsAnchoredAsWritten) {
  EXPECT_EQ(says(swill::pattern{"^[0-9]{5}$"}, std::string{"12345"}), "");
  EXPECT_EQ(says(swill::pattern{"^[0-9]{5}$"}, std::string{"12345\n"}), "Does not match pattern: ^[0-9]{5}$");
  EXPECT_EQ(says(swill::pattern{"[0-9]{5}"}, std::string{"a123456"}), "");
  EXPECT_EQ(says(swill::pattern{"^.$"}, std::string{"é"}), "");
  EXPECT_THROW(says(swill::pattern{"("}, std::string{}), std::invalid_argument);
}

TEST(Rules, APatternIsItsTextWhereverThatLies) {
  std::string expression = "^a$";
  EXPECT_TRUE(swill::detail::matches(expression, "a"));
  expression[1] = 'b'; // the same address now holds another pattern
  EXPECT_FALSE(swill::detail::matches(expression, "a"));
  EXPECT_TRUE(swill::detail::matches(expression, "b"));
}

TEST(Rules, OneOfTakesTextsOrNumbers) {
  EXPECT_EQ(says(swill::one_of{"a", "b"}, std::string{"b"}), "");
  EXPECT_EQ(says(swill::one_of{"a", "b"}, std::string{"c"}), "Not one of: a, b");
  EXPECT_EQ(says(swill::one_of{1, 2.5}, 1), "");
  EXPECT_EQ(says(swill::one_of{1, 2.5}, 2.5), "");
  EXPECT_EQ(says(swill::one_of{1, 2.5}, 2), "Not one of: 1, 2.5");
}

struct everything {
  std::set<int> even;
  std::map<std::string, std::vector<int>> deep;
  std::array<int, 2> both{};
  std::tuple<int, std::string> parts;
  std::optional<std::vector<int>> maybe;
  std::variant<int, std::string> either;
  std::vector<int> sorted;
};
template <class D>
void describe(D& d, everything& e) {
  d.field("even", e.even, swill::each{swill::multiple_of{2}}, swill::length{.max = 2});
  d.field("deep", e.deep, swill::keys{swill::length{.min = 1, .max = 1}},
          swill::values{swill::length{.min = 1, .max = 2}, swill::each{swill::gt{0}}});
  d.field("both", e.both, swill::each{swill::lt{10}}, swill::at<1>(swill::gt{5}));
  d.field("parts", e.parts, swill::at<0>(swill::gt{0}), swill::at<1>(swill::length{.min = 1, .max = 8}));
  d.field("maybe", e.maybe, swill::each{swill::gt{0}}, swill::length{.min = 1, .max = 2});
  d.field("either", e.either, swill::gt{0}, swill::length{.min = 1, .max = 2});
  d.field("sorted", e.sorted, swill::defaulted{}, swill::length{.max = 2},
          swill::predicate{[](const std::vector<int>& v) { return std::is_sorted(v.begin(), v.end()); }, "not sorted"});
}

value good() {
  return map({{"even", list({2})},
              {"deep", map({{"k", list({1})}})},
              {"both", list({1, 6})},
              {"parts", list({1, "p"})},
              {"either", 1}});
}

std::string with(std::string_view field, value v) {
  value m = good();
  m.set(field, std::move(v));
  return problems<everything>(m);
}

TEST(Rules, ReachItemsKeysValuesAndElements) {
  EXPECT_TRUE(accepts<everything>(good()));
  EXPECT_EQ(
      with("even", list({2, 3, 4, 6})),
      R"({"even": [{"index": 1, "errors": [{"description": "not a multiple of 2"}]}, {"description": "length greater than or equal to 3"}]})");
  EXPECT_EQ(with("deep", map({{"", list({})}, {"k", list({1, 0})}})),
            R"({"deep": [{"key": "", "errors": [{"description": "length less than 1"}]}, )"
            R"({"key": "", "errors": [{"description": "length less than 1"}]}, )"
            R"({"key": "k", "errors": [{"index": 1, "errors": [{"description": "less than or equal to 0"}]}]}]})");
  EXPECT_EQ(with("both", list({10, 5})),
            R"({"both": [{"index": 0, "errors": [{"description": "greater than or equal to 10"}]}, )"
            R"({"index": 1, "errors": [{"description": "less than or equal to 5"}]}]})");
  EXPECT_EQ(with("parts", list({0, ""})),
            R"({"parts": [{"index": 0, "errors": [{"description": "less than or equal to 0"}]}, )"
            R"({"index": 1, "errors": [{"description": "length less than 1"}]}]})");
}

TEST(Rules, OfAnOptionalHoldWhenThereIsAValue) {
  EXPECT_EQ(with("maybe", nullptr), "0");
  EXPECT_EQ(with("maybe", list({1})), "0");
  EXPECT_EQ(with("maybe", list({})), R"({"maybe": [{"description": "length less than 1"}]})");
  EXPECT_EQ(with("maybe", list({0})),
            R"({"maybe": [{"index": 0, "errors": [{"description": "less than or equal to 0"}]}]})");
}

TEST(Rules, OfAUnionHoldForTheAlternativesThatTakeThem) {
  EXPECT_EQ(with("either", 0), R"({"either": [{"description": "less than or equal to 0"}]})");
  EXPECT_EQ(with("either", ""), R"({"either": [{"description": "length less than 1"}]})");
  EXPECT_EQ(with("either", "ab"), "0");
}

TEST(Rules, WhatIsOnlyPartlyThereHasALengthButNoValue) {
  EXPECT_EQ(with("sorted", list({2, 1})), R"({"sorted": [{"description": "not sorted"}]})");
  EXPECT_EQ(
      with("sorted", list({2, "x", 1})),
      R"({"sorted": [{"index": 1, "errors": [{"description": "Expected int, got str"}]}, {"description": "length greater than or equal to 3"}]})");
}

static_assert(!swill::detail::applies<swill::gt, std::string>());
static_assert(!swill::detail::applies<swill::length, int>());
static_assert(!swill::detail::applies<swill::pattern, swill::bytes>());
static_assert(!swill::detail::applies<swill::gt, bool>());
static_assert(!swill::detail::applies<swill::each<swill::gt>, std::vector<std::string>>());
static_assert(!swill::detail::applies<swill::each<swill::gt>, std::map<int, int>>());
static_assert(!swill::detail::applies<swill::detail::at_rules<2, swill::gt>, std::pair<int, int>>());
static_assert(swill::detail::applies<swill::gt, std::optional<int>>());

} // namespace
