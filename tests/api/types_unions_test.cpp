#include "libswill/api/types/unions.hpp"

#include "tests/api/types_contract.hpp"

#include <gtest/gtest.h>

namespace {

using namespace typed;
using swill::value;

TEST(Unions, AnOptionalIsAValueOrNil) {
  using optional = std::optional<std::int64_t>;
  EXPECT_EQ(decode<optional>(nullptr), optional{});
  EXPECT_EQ(decode<optional>(-7), optional{-7});
  EXPECT_EQ(to_value(optional{}), value{});
  EXPECT_EQ(problem<optional>("x"), "Expected int | nil, got str");
}

TEST(Unions, OwningPointersAreOptional) {
  EXPECT_EQ(decode<std::unique_ptr<int>>(nullptr), nullptr);
  EXPECT_EQ(*decode<std::unique_ptr<int>>(5), 5);
  EXPECT_EQ(to_value(std::make_shared<int>(5)), value{5});
  EXPECT_EQ(to_value(std::shared_ptr<int>{}), value{});
  swill::limits l;
  l.decoded_size = sizeof(int) + 2 * sizeof(void*);
  EXPECT_EQ(refusal<std::shared_ptr<int>>(5, l).code, 0);
  --l.decoded_size;
  EXPECT_EQ(refusal<std::shared_ptr<int>>(5, l).code, 413);
}

TEST(Unions, TheKindChoosesTheAlternative) {
  using any_of = std::variant<std::int64_t, std::string, std::monostate>;
  EXPECT_EQ(decode<any_of>(5), any_of{5});
  EXPECT_EQ(decode<any_of>("s"), any_of{"s"});
  EXPECT_EQ(decode<any_of>(nullptr), any_of{std::monostate{}});
  EXPECT_EQ(problem<any_of>(1.5), "Expected int | str | nil, got float");
  EXPECT_EQ(problem<any_of>(true), "Expected int | str | nil, got bool");
}

TEST(Unions, AnExactKindComesBeforeAConversion) {
  using numbers = std::variant<double, std::int64_t>;
  EXPECT_EQ(decode<numbers>(5), numbers{std::int64_t{5}});
  EXPECT_EQ(decode<numbers>(5.0), numbers{5.0});
  EXPECT_EQ((decode<std::variant<value, bool>>(true)), (std::variant<value, bool>{true}));
  using texts = std::variant<std::chrono::system_clock::time_point, std::string>;
  EXPECT_EQ(decode<texts>("1970-01-01T00:00:00Z").index(), 1);
  EXPECT_EQ((decode<std::variant<double, std::string>>(3)), (std::variant<double, std::string>{3.0}));
}

TEST(Unions, OfSeveralTheFirstThatFitsIsTaken) {
  using shapes = std::variant<contract::first_error, contract::point, contract::empty>;
  EXPECT_EQ(decode<shapes>(map({{"a", 10}, {"b", 1}})), (shapes{contract::first_error{10, 1}}));
  EXPECT_EQ(decode<shapes>(map({{"x", 1}})), (shapes{contract::point{1, 0}}));
  EXPECT_EQ(decode<shapes>(map({})), (shapes{contract::empty{}}));
  EXPECT_EQ((problem<std::variant<contract::first_error, contract::point>>(map({}))),
            "Expected first_error | Point, got dict");
}

TEST(Unions, AnAlternativeThatOnlyBreaksRulesSaysWhich) {
  using shapes = std::variant<contract::point, contract::first_error>;
  EXPECT_EQ(problems<shapes>(map({{"a", 9}, {"b", 1}})), R"({"*": [{"a": [{"description": "less than 10"}]}]})");
}

struct fork {
  std::vector<std::variant<fork, contract::tree>> ends;
  bool must = false;
};
template <class D>
void describe(D& d, fork& f) {
  d.field("ends", f.ends);
  d.field("must", f.must);
}

TEST(Unions, NestedAttemptsDoNotMultiply) {
  // Each level is tried as a fork, which fails at its end for want of `must`, then as a tree.
  value v = map({{"ends", list({})}});
  for (int i = 0; i < 14; ++i) v = map({{"ends", list({v, v})}});
  swill::limits l;
  l.nesting = 64;

  const auto code = refusal<std::variant<fork, contract::tree>>(v, l).code;

  EXPECT_TRUE(code == 413 || code == 422) << code;
}

} // namespace
