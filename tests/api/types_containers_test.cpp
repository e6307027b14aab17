#include "libswill/api/types/containers.hpp"

#include "tests/api/types_contract.hpp"

#include <deque>
#include <gtest/gtest.h>
#include <list>
#include <set>
#include <unordered_set>

namespace {

using namespace typed;
using swill::value;
using ints = std::vector<std::int64_t>;

TEST(Containers, AVectorIsAList) {
  EXPECT_EQ(decode<ints>(list({})), ints{});
  EXPECT_EQ(decode<ints>(list({1, 2})), (ints{1, 2}));
  EXPECT_EQ(problem<ints>("x"), "Expected list, got str");
  EXPECT_EQ(problems<ints>(list({1, "2", nullptr})),
            R"({"*": [{"index": 1, "errors": [{"description": "Expected int, got str"}]}, )"
            R"({"index": 2, "errors": [{"description": "Expected int, got nil"}]}]})");
  const std::vector<bool> flags{true, false};
  EXPECT_EQ(round(flags), flags);
  EXPECT_EQ(problems<std::vector<bool>>(list({1})),
            R"({"*": [{"index": 0, "errors": [{"description": "Expected bool, got int"}]}]})");
}

TEST(Containers, OtherSequencesAreListsToo) {
  EXPECT_EQ(round(std::deque<int>{1, 2}), (std::deque<int>{1, 2}));
  EXPECT_EQ(round(std::list<std::string>{"a", "b"}), (std::list<std::string>{"a", "b"}));
  EXPECT_EQ(round(std::deque<bool>{true, false}), (std::deque<bool>{true, false}));
  EXPECT_EQ(problems<std::deque<int>>(list({1, "2"})),
            R"({"*": [{"index": 1, "errors": [{"description": "Expected int, got str"}]}]})");
  EXPECT_EQ(swill::describe_type<std::deque<int>>(), swill::describe_type<std::vector<int>>());
  static_assert(swill::detail::applies<swill::each<swill::gt>, std::deque<int>>());
}

// An empty std::deque takes more than half a KiB, which one byte of a message asks for.
TEST(Containers, ADequeIsChargedWhatItTakesEmpty) {
  swill::limits l;
  l.decoded_size = 2 * (sizeof(std::deque<int>) + swill::detail::sequence_size);
  EXPECT_EQ(refusal<std::vector<std::deque<int>>>(list({list({}), list({})}), l).code, 0);
  --l.decoded_size;
  EXPECT_EQ(refusal<std::vector<std::deque<int>>>(list({list({}), list({})}), l).code, 413);
  l.decoded_size = swill::detail::sequence_size + 2 * (sizeof(int) + swill::detail::node_size);
  EXPECT_EQ(refusal<std::list<int>>(list({1, 2}), l).code, 0);
  EXPECT_EQ(refusal<std::list<int>>(list({1, 2, 3}), l).code, 413);
}

TEST(Containers, ASetDropsDuplicatesAndIsWrittenInOrder) {
  EXPECT_EQ(to_value(decode<std::set<int>>(list({3, 1, 3, 2}))), list({1, 2, 3}));
  EXPECT_EQ(decode<std::unordered_set<std::string>>(list({"a", "a"})).size(), 1);
  EXPECT_EQ(problem<std::set<int>>(map({})), "Expected set, got dict");
  EXPECT_EQ(problems<std::set<int>>(list({1, "x"})),
            R"({"*": [{"index": 1, "errors": [{"description": "Expected int, got str"}]}]})");
}

TEST(Containers, AMapMayHaveKeysOfAnyType) {
  EXPECT_EQ((decode<std::map<std::string, int>>(map({{"a", 1}}))["a"]), 1);
  EXPECT_EQ((decode<std::unordered_map<int, std::string>>(map({{-5, "b"}}))[-5]), "b");
  EXPECT_EQ((decode<std::map<std::pair<int, int>, bool>>(map({{list({1, 2}), true}})).size()), 1);
  EXPECT_EQ((problem<std::map<int, int>>(list({}))), "Expected dict, got list");
  EXPECT_EQ((problems<std::map<std::string, int>>(map({{1, 1}, {"b", "x"}}))),
            R"({"*": [{"key": 1, "errors": [{"description": "Expected str, got int"}]}, )"
            R"({"key": "b", "errors": [{"description": "Expected int, got str"}]}]})");
}

TEST(Containers, TheLastOfDuplicateKeysWins) {
  using dict = std::map<std::string, std::optional<int>>;
  EXPECT_EQ((decode<dict>(map({{"a", 1}, {"b", 2}, {"a", 7}}))), (dict{{"a", 7}, {"b", 2}}));
  EXPECT_EQ((decode<dict>(map({{"a", "wrong"}, {"a", 7}}))), (dict{{"a", 7}}));
  EXPECT_EQ((problems<dict>(map({{"a", 1}, {"b", "wrong"}, {"a", "wrong"}, {"b", 1}}))),
            R"({"*": [{"key": "a", "errors": [{"description": "Expected int | nil, got str"}]}]})");
}

TEST(Containers, TuplesHaveExactlyTheirItems) {
  using tuple = std::tuple<int, std::string>;
  EXPECT_EQ(decode<tuple>(list({1, "a"})), (tuple{1, "a"}));
  EXPECT_EQ((decode<std::pair<int, bool>>(list({1, true}))), (std::pair{1, true}));
  EXPECT_EQ((decode<std::array<int, 2>>(list({1, 2}))), (std::array{1, 2}));
  EXPECT_EQ(decode<std::tuple<>>(list({})), std::tuple<>{});
  EXPECT_EQ(problem<tuple>(list({1})), "Expected 2 items, got 1");
  EXPECT_EQ(problem<tuple>(list({1, "a", 2})), "Expected 2 items, got 3");
  EXPECT_EQ((problem<std::array<int, 1>>(list({}))), "Expected 1 item, got 0");
  EXPECT_EQ(problem<tuple>(map({{0, 1}, {1, "a"}})), "Expected tuple, got dict");
  EXPECT_EQ((problem<std::array<int, 1>>(nullptr)), "Expected list, got nil");
  EXPECT_EQ(problems<tuple>(list({"a", 1})),
            R"({"*": [{"index": 0, "errors": [{"description": "Expected int, got str"}]}, )"
            R"({"index": 1, "errors": [{"description": "Expected str, got int"}]}]})");
}

TEST(Containers, ProblemsNestAsDeepAsTheirPlaces) {
  using deep = std::map<std::string, std::vector<std::pair<int, contract::point>>>;
  EXPECT_EQ(problems<deep>(map({{"k", list({list({1, map({{"y", true}})})})}})),
            R"({"*": [{"key": "k", "errors": [{"index": 0, "errors": [{"index": 1, "errors": [)"
            R"({"x": [{"description": "Missing required field"}], "y": [{"description": "Expected float, got bool"}]})"
            R"(]}]}]}]})");
}

TEST(Containers, ItemsCountAgainstTheDecodedSize) {
  swill::limits l;
  l.decoded_size = 4 * sizeof(std::int64_t);
  EXPECT_EQ(refusal<ints>(list({1, 2, 3, 4}), l).code, 0);
  EXPECT_EQ(refusal<ints>(list({1, 2, 3, 4, 5}), l).code, 413);
  EXPECT_EQ(refusal<std::vector<ints>>(list({list({1})}), l).code, 0);
  EXPECT_EQ(refusal<std::vector<ints>>(list({list({1, 2})}), l).code, 413);
  EXPECT_EQ(refusal<std::set<std::int64_t>>(list({1}), l).code, 413);
  l.decoded_size = sizeof(std::int64_t) + swill::detail::node_size;
  EXPECT_EQ(refusal<std::set<std::int64_t>>(list({1}), l).code, 0);
  l.decoded_size = sizeof(std::pair<const int, int>) + swill::detail::node_size;
  EXPECT_EQ((refusal<std::map<int, int>>(map({{1, 1}}), l).code), 0);
  EXPECT_EQ((refusal<std::map<int, int>>(map({{1, 1}, {2, 1}}), l).code), 413);
  l.decoded_size = 0;
  EXPECT_EQ(refusal<std::string>("no container", l).code, 0);
  EXPECT_EQ(refusal<value>(list({1}), l).code, 413);
}

TEST(Containers, DeclaredSizesAllocateNothing) {
  // An array of 2^32-1 items of which none is there.
  const swill::bytes lie{std::byte{0xdd}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
  ints out;
  std::optional<swill::error> failure;
  EXPECT_FALSE(swill::decode_message(lie, swill::limits{}, out, failure));
  EXPECT_EQ(failure->code, 400);
  EXPECT_EQ(out.capacity(), 0);
}

TEST(Containers, NestingIsBoundedInBothDirections) {
  swill::limits l;
  l.nesting = 2;
  EXPECT_EQ(refusal<std::vector<ints>>(list({list({1})}), l).code, 0);
  EXPECT_EQ(refusal<std::vector<std::vector<ints>>>(list({list({list({1})})}), l).code, 400);
  EXPECT_EQ(refusal<value>(list({list({1})}), l).code, 0);
  EXPECT_EQ(refusal<value>(list({list({list({1})})}), l).code, 400);
  EXPECT_EQ(refusal<std::vector<value>>(list({list({list({1})})}), l).code, 400);
  EXPECT_EQ(refusal<std::vector<swill::raw>>(list({list({list({1})})}), l).code, 400);
}

} // namespace
