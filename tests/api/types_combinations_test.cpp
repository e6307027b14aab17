#include "tests/api/types_contract.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

// Types within types, as applications put them together.

namespace {

using namespace typed;
using contract::color;
using contract::level;
using contract::point;
using contract::vec;
using swill::value;

TEST(Combinations, AMapMayHaveEnumerationsForKeys) {
  using plan = std::map<color, std::vector<std::optional<point>>>;
  const plan p{{color::blue, {point{1, 2}, std::nullopt}}, {color::red, {}}};

  EXPECT_EQ(round(p), p);
  EXPECT_EQ(to_value(p), map({{"red", list({})}, {"blue", list({map({{"x", 1.0}, {"y", 2.0}}), nullptr})}}));
  EXPECT_EQ(
      problems<plan>(map({{"green", list({})}, {"red", list({map({})})}})),
      R"({"*": [{"key": "green", "errors": [{"description": "Expected red | blue, got another str"}]}, )"
      R"({"key": "red", "errors": [{"index": 0, "errors": [{"x": [{"description": "Missing required field"}]}]}]}]})");
}

TEST(Combinations, ASetMayHaveTuplesAndAMapToo) {
  using pairs = std::set<std::tuple<std::int64_t, std::string>>;
  EXPECT_EQ(decode<pairs>(list({list({2, "b"}), list({1, "z"}), list({2, "b"})})), (pairs{{1, "z"}, {2, "b"}}));
  EXPECT_EQ(to_value(pairs{{2, "b"}, {1, "z"}}), list({list({1, "z"}), list({2, "b"})}));

  using board = std::map<std::pair<int, int>, level>;
  EXPECT_EQ(decode<board>(map({{list({1, 2}), 2}})), (board{{{1, 2}, level::high}}));
  EXPECT_EQ(
      problems<board>(map({{list({1, "x"}), 2}})),
      R"({"*": [{"key": [1, "x"], "errors": [{"index": 1, "errors": [{"description": "Expected int, got str"}]}]}]})");
}

TEST(Combinations, AVariantChoosesAmongStructsThatTravelDifferently) {
  using shape = std::variant<vec, point, color, level, std::monostate>;
  EXPECT_EQ(decode<shape>(list({1, 2})), (shape{vec{1, 2, 7}}));
  EXPECT_EQ(decode<shape>(map({{"x", 1}})), (shape{point{1, 0}}));
  EXPECT_EQ(decode<shape>("blue"), shape{color::blue});
  EXPECT_EQ(decode<shape>(2), shape{level::high});
  EXPECT_EQ(decode<shape>(nullptr), shape{std::monostate{}});
  EXPECT_EQ(problems<shape>(map({})), R"({"*": [{"x": [{"description": "Missing required field"}]}]})");
  EXPECT_EQ(problems<shape>(3), R"({"*": [{"description": "Expected 1 | 2, got 3"}]})");
  for (const shape& s : {shape{vec{1, 2, 3}}, shape{point{0, -1}}, shape{color::red}, shape{level::low}, shape{}})
    EXPECT_EQ(round(s), s);
}

TEST(Combinations, OptionalsNest) {
  using twice = std::optional<std::optional<std::int64_t>>;
  EXPECT_EQ(decode<twice>(nullptr), twice{});
  EXPECT_EQ(decode<twice>(5), twice{5});
  EXPECT_EQ(to_value(twice{std::optional<std::int64_t>{}}), value{}); // which of the two was empty does not travel
  using of_variant = std::optional<std::variant<std::int64_t, std::vector<std::optional<bool>>>>;
  EXPECT_EQ(decode<of_variant>(list({true, nullptr})),
            (of_variant{std::vector<std::optional<bool>>{true, std::nullopt}}));
  EXPECT_EQ(problem<of_variant>("x"), "Expected int | list | nil, got str");
  using optional_first = std::variant<std::optional<std::int64_t>, std::string>;
  EXPECT_EQ(decode<optional_first>(nullptr).index(), 0U);
  EXPECT_EQ(decode<optional_first>("x").index(), 1U);
}

struct parcel {
  std::array<std::optional<std::int64_t>, 2> size{};
  std::optional<vec> corner;
  std::vector<vec> path{vec{}};
  std::unordered_map<std::string, std::unique_ptr<contract::tree>> trees;
};
template <class D>
void describe(D& d, parcel& p) {
  d.as_array();
  d.field("size", p.size);
  d.field("corner", p.corner);
  d.field("path", p.path, swill::defaulted{}, swill::length{.min = 1, .max = 3});
  d.field("trees", p.trees, swill::defaulted{});
}

TEST(Combinations, AnArrayStructHoldsOthersAndItsDefaults) {
  const auto p = decode<parcel>(list({list({1, nullptr}), list({1, 2})}));
  EXPECT_EQ(p.size, (std::array<std::optional<std::int64_t>, 2>{1, std::nullopt}));
  EXPECT_EQ(p.corner, (vec{1, 2, 7}));
  EXPECT_EQ(p.path.size(), 1U); // the default
  EXPECT_TRUE(p.trees.empty());

  EXPECT_FALSE(decode<parcel>(list({list({1, 2})})).corner);
  EXPECT_EQ(decode<parcel>(list({list({1, 2}), nullptr, list({list({1, 2})}), map({{"oak", map({{"v", 3}})}})}))
                .trees.at("oak")
                ->v,
            3);
  EXPECT_EQ(problems<parcel>(list({list({1, "x"}), list({1}), list({}), map({{"elm", 5}})})),
            R"({"size": [{"index": 1, "errors": [{"description": "Expected int | nil, got str"}]}], )"
            R"("corner": [{"y": [{"description": "Missing required field"}]}], )"
            R"("path": [{"description": "length less than 1"}], )"
            R"("trees": [{"key": "elm", "errors": [{"description": "Expected Tree | nil, got int"}]}]})");
}

struct grid {
  std::vector<std::vector<std::int64_t>> rows;
  std::map<std::string, std::vector<std::string>> words;
  std::optional<std::vector<std::int64_t>> marks;
};
template <class D>
void describe(D& d, grid& g) {
  using namespace swill;
  d.field("rows", g.rows, length{.min = 1, .max = 2}, each{length{.min = 2, .max = 2}, each{ge{0}, lt{10}}});
  d.field("words", g.words, keys{pattern{"^[a-z]+$"}}, values{min_length{1}, each{length{.min = 1, .max = 3}}});
  d.field("marks", g.marks, min_length{1}, each{gt{0}});
}

TEST(Combinations, RulesReachThroughContainersOfContainers) {
  EXPECT_EQ(problems<grid>(map({{"rows", list({list({0, 9}), list({-1, 10}), list({})})},
                                {"words", map({{"A", list({})}, {"b", list({"ok", "", "toolong"})}})},
                                {"marks", list({0})}})),
            R"({"rows": [{"index": 1, "errors": [{"index": 0, "errors": [{"description": "less than 0"}]}, )"
            R"({"index": 1, "errors": [{"description": "greater than or equal to 10"}]}]}, )"
            R"({"index": 2, "errors": [{"description": "length less than 2"}]}, )"
            R"({"description": "length greater than or equal to 3"}], )"
            R"("words": [{"key": "A", "errors": [{"description": "Does not match pattern: ^[a-z]+$"}]}, )"
            R"({"key": "A", "errors": [{"description": "length less than 1"}]}, )"
            R"({"key": "b", "errors": [{"index": 1, "errors": [{"description": "length less than 1"}]}, )"
            R"({"index": 2, "errors": [{"description": "length greater than or equal to 4"}]}]}], )"
            R"("marks": [{"index": 0, "errors": [{"description": "less than or equal to 0"}]}]})");
  EXPECT_TRUE(accepts<grid>(map({{"rows", list({list({0, 9})})}, {"words", map({{"a", list({"b"})}})}})));
  EXPECT_FALSE(accepts<grid>(map({{"rows", list({list({0, 9})})}, {"words", map({})}, {"marks", list({})}})));
}

TEST(Combinations, NumbersAtTheEdgesTravelWithinOthers) {
  using numbers = std::tuple<std::uint8_t, std::int8_t, std::uint64_t, std::int64_t, double, float>;
  const numbers edges{255,
                      -128,
                      UINT64_MAX,
                      INT64_MIN,
                      -std::numeric_limits<double>::infinity(),
                      std::numeric_limits<float>::denorm_min()};
  EXPECT_EQ(round(edges), edges);
  const auto nan = round(std::pair<double, std::optional<float>>{NAN, NAN});
  EXPECT_TRUE(std::isnan(nan.first));
  EXPECT_TRUE(std::isnan(*nan.second));
}

TEST(Combinations, TimesKeepWhatTheirTypeCanHold) {
  using namespace std::chrono;
  using in_seconds = time_point<system_clock, duration<std::int64_t>>;
  EXPECT_EQ(
      (decode<std::vector<in_seconds>>(
          list({"1969-12-31T23:59:59.9Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"}))),
      (std::vector{in_seconds{seconds{-1}}, in_seconds{seconds{-62135683140}}, in_seconds{seconds{253402387139}}}));
  using by_time = std::map<system_clock::time_point, std::string>;
  const by_time log{{system_clock::time_point{nanoseconds{-1}}, "before"},
                    {system_clock::time_point{seconds{1LL << 33}}, "after"}};
  EXPECT_EQ(round(log), log);
}

} // namespace
