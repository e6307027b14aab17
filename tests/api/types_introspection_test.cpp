#include "libswill/api/types/introspector.hpp"

#include "tests/api/types_contract.hpp"

#include <gtest/gtest.h>
#include <set>

namespace {

using namespace typed;

template <class T>
std::string type() {
  return to_text(swill::describe_type<T>(), 1 << 20);
}

TEST(Introspection, NamesTypesAsPythonDoes) {
  EXPECT_EQ(type<std::int64_t>(), R"({"type": "int"})");
  EXPECT_EQ(type<std::uint8_t>(), R"({"type": "int", "format": "uint8"})");
  EXPECT_EQ(type<double>(), R"({"type": "float"})");
  EXPECT_EQ(type<float>(), R"({"type": "float"})");
  EXPECT_EQ(type<bool>(), R"({"type": "bool"})");
  EXPECT_EQ(type<std::string>(), R"({"type": "str"})");
  EXPECT_EQ(type<swill::bytes>(), R"({"type": "bytes"})");
  EXPECT_EQ(type<std::chrono::system_clock::time_point>(), R"({"type": "datetime"})");
  EXPECT_EQ(type<void>(), R"({"type": "NoneType"})");
  EXPECT_EQ(type<swill::nothing>(), R"({"type": "NoneType"})");
  EXPECT_EQ(type<swill::value>(), R"({"type": "Any"})");
  EXPECT_EQ(type<swill::raw>(), R"({"type": "Any"})");
  EXPECT_EQ(type<std::vector<std::string>>(), R"({"type": "list", "arguments": {0: {"type": "str"}}})");
  EXPECT_EQ(type<std::set<bool>>(), R"({"type": "set", "arguments": {0: {"type": "bool"}}})");
  EXPECT_EQ((type<std::map<std::string, bool>>()),
            R"({"type": "dict", "arguments": {0: {"type": "str"}, 1: {"type": "bool"}}})");
  EXPECT_EQ((type<std::tuple<bool, std::string>>()),
            R"({"type": "tuple", "arguments": {0: {"type": "bool"}, 1: {"type": "str"}}})");
  EXPECT_EQ((type<std::pair<bool, bool>>()),
            R"({"type": "tuple", "arguments": {0: {"type": "bool"}, 1: {"type": "bool"}}})");
  EXPECT_EQ((type<std::array<bool, 3>>()), R"({"type": "list", "arguments": {0: {"type": "bool"}}})");
}

TEST(Introspection, FlattensUnions) {
  EXPECT_EQ(type<std::optional<bool>>(),
            R"({"type": "Union", "arguments": {0: {"type": "bool"}, 1: {"type": "NoneType"}}})");
  EXPECT_EQ((type<std::variant<std::int64_t, std::string, std::monostate>>()),
            R"({"type": "Union", "arguments": {0: {"type": "int"}, 1: {"type": "str"}, 2: {"type": "NoneType"}}})");
  EXPECT_EQ((type<std::optional<std::variant<bool, std::optional<std::string>>>>()),
            R"({"type": "Union", "arguments": {0: {"type": "bool"}, 1: {"type": "str"}, 2: {"type": "NoneType"}}})");
}

TEST(Introspection, NamesFieldsAndTheirDefaults) {
  EXPECT_EQ(
      type<contract::point>(),
      R"({"type": "Point", "arguments": {"x": {"type": "float"}, "y": {"type": "float", "optional": true, "default": 0.0}}})");
  EXPECT_EQ(type<contract::empty>(), R"({"type": "empty", "arguments": {}})");
  const swill::value v = swill::describe_type<contract::vec>();
  EXPECT_EQ(*v.find("as_array"), swill::value{true});
  EXPECT_EQ(*v.find("arguments")->find("z")->find("default"), swill::value{7});
  const swill::value s = swill::describe_type<contract::segment>();
  EXPECT_EQ(
      to_text(*s.find("arguments")->find("label")),
      R"({"type": "Union", "arguments": {0: {"type": "str"}, 1: {"type": "NoneType"}}, "optional": true, "default": null})");
}

struct terse {
  int a = 1;
};
template <class D>
void describe(D& d, terse& t) {
  d.omit_defaults();
  d.field("a", t.a, swill::defaulted{});
}

TEST(Introspection, SaysWhatIsLeftOut) {
  EXPECT_EQ(*swill::describe_type<terse>().find("omit_defaults"), swill::value{true});
  EXPECT_EQ(swill::describe_type<contract::segment>().find("omit_defaults"), nullptr);
}

TEST(Introspection, NamesTheValuesOfEnumerations) {
  EXPECT_EQ(type<contract::color>(), R"({"type": "Color", "values": {"red": "red", "blue": "blue"}})");
  EXPECT_EQ(type<contract::level>(), R"({"type": "level", "values": {"low": 1, "high": 2}})");
}

TEST(Introspection, EndsRecursionWithAReference) {
  EXPECT_EQ(type<contract::tree>(),
            R"({"type": "Tree", "arguments": {"v": {"type": "int"}, "children": )"
            R"({"type": "list", "arguments": {0: {"type": "Tree"}}, "optional": true, "default": []}}})");
}

TEST(Introspection, PutsRulesWhereTheyApply) {
  const swill::value v = swill::describe_type<contract::create_user>();
  const swill::value& fields = *v.find("arguments");
  EXPECT_EQ(to_text(*fields.find("age")), R"({"type": "int", "constraints": {"ge": 0, "lt": 150}})");
  EXPECT_EQ(to_text(*fields.find("tags")),
            R"({"type": "list", "arguments": {0: {"type": "str", "constraints": )"
            R"({"min_length": 1, "max_length_exclusive": 5, "predicates": ["bad tag"]}}}})");
  EXPECT_EQ(to_text(*fields.find("scores")),
            R"({"type": "dict", "arguments": {0: {"type": "str"}, 1: {"type": "int", "constraints": {"le": 100}}}})");
  EXPECT_EQ(to_text(*fields.find("pair")),
            R"({"type": "tuple", "arguments": {0: {"type": "int", "constraints": {"gt": 0}}, 1: {"type": "str"}}})");
  EXPECT_EQ(to_text(*v.find("rules")), R"(["passwords do not match"])");
  const swill::value o = swill::describe_type<contract::order>();
  EXPECT_EQ(
      to_text(*o.find("arguments")->find("coupon")),
      R"({"type": "Union", "arguments": {0: {"type": "str", "constraints": {"min_length": 4, "max_length_exclusive": 9}}, )"
      R"(1: {"type": "NoneType"}}, "optional": true, "default": null})");
}

struct documented {
  int n = 0;
};
template <class D>
void describe(D& d, documented& x) {
  d.doc("the whole");
  d.field("n", x.n, swill::doc{"a part"}, swill::one_of{1, 2});
}

TEST(Introspection, CarriesDocumentation) {
  EXPECT_EQ(
      type<documented>(),
      R"({"type": "documented", "arguments": {"n": {"type": "int", "format": "int32", "documentation": "a part", )"
      R"("constraints": {"one_of": [1, 2]}}}, "documentation": "the whole"})");
}

template <int N>
struct fan {
  fan<N - 1> a, b;
};
template <>
struct fan<0> {
  int x = 0;
};
template <class D, int N>
void describe(D& d, fan<N>& f) {
  if constexpr (N == 0) {
    d.field("x", f.x);
  } else {
    d.field("a", f.a);
    d.field("b", f.b);
  }
}

TEST(Introspection, TypesThatFanOutStayWithinBounds) {
  const std::string t = type<fan<14>>(); // 2^15 structs in full
  EXPECT_LT(t.size(), 1 << 20);
  EXPECT_NE(t.find("fan<14>"), std::string::npos);
}

struct broken {
  int x = 0;
};
template <class D>
void describe(D& d, broken& b) {
  d.field("x", b.x);
  d.field("x", b.x);
}

TEST(Introspection, IsSharedByAllWhoKeepThatOfAType) {
  std::vector<swill::mistake> none;

  const auto one = swill::share_description<std::vector<fan<3>>>(none);
  const auto other = swill::share_description<std::vector<fan<3>>>(none);
  const auto another = swill::share_description<fan<3>>(none);

  EXPECT_EQ(one, other);
  EXPECT_NE(one, another);
  EXPECT_EQ(*one, swill::describe_type<std::vector<fan<3>>>());
  EXPECT_TRUE(none.empty());
}

TEST(Introspection, TellsOfMistakesEachTime) {
  std::vector<swill::mistake> first, second;

  const auto kept = swill::share_description<broken>(first);
  swill::share_description<broken>(second);

  EXPECT_EQ(first.size(), 1U);
  EXPECT_EQ(second.size(), 1U);
}

} // namespace
