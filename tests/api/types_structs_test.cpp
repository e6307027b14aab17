#include "libswill/api/types/structs.hpp"

#include "tests/api/types_contract.hpp"

#include <gtest/gtest.h>

namespace {

using namespace typed;
using namespace contract;
using swill::value;

value user() {
  return map({{"name", "alice"},
              {"age", 30},
              {"tags", list({"a"})},
              {"scores", map({{"x", 10}})},
              {"pair", list({5, "p"})},
              {"address", map({{"street", "s"}, {"zip", "12345"}})},
              {"password", "p"},
              {"confirm", "p"}});
}

TEST(Structs, FieldsComeInAnyOrder) {
  const segment s{{0, 0}, {2, 4}, "l"};
  EXPECT_EQ(decode<segment>(
                map({{"b", map({{"y", 4}, {"x", 2}})}, {"zz", list({1})}, {"label", "l"}, {"a", map({{"x", 0}})}})),
            s);
  EXPECT_EQ(decode<segment>(
                map({{"a", map({{"x", 0}})}, {"zz", 1}, {3, 4}, {"b", map({{"x", 2}, {"y", 4}})}, {"label", "l"}})),
            s);
  EXPECT_EQ(to_text(to_value(s)), R"({"a": {"x": 0.0, "y": 0.0}, "b": {"x": 2.0, "y": 4.0}, "label": "l"})");
  EXPECT_EQ(round(s), s);
}

TEST(Structs, AKeyMayBeWrittenWiderThanNeedBe) {
  // {"x": 1} with x as str 8
  const swill::bytes wide{std::byte{0x81}, std::byte{0xd9}, std::byte{1}, std::byte{'x'}, std::byte{1}};
  point p;
  std::optional<swill::error> failure;
  ASSERT_TRUE(swill::decode_message(wide, swill::limits{}, p, failure));
  EXPECT_EQ(p.x, 1);
}

TEST(Structs, AMissingFieldIsNamed) {
  EXPECT_EQ(problems<segment>(map({{"a", map({{"x", 0}})}})), R"({"b": [{"description": "Missing required field"}]})");
  EXPECT_EQ(problems<first_error>(map({})),
            R"({"a": [{"description": "Missing required field"}], "b": [{"description": "Missing required field"}]})");
}

TEST(Structs, AbsentAndNilAreNotTheSame) {
  EXPECT_EQ(decode<sparse>(map({{"a", 1}})), (sparse{1, 1, {}, {}}));
  EXPECT_EQ(decode<sparse>(map({{"a", 1}, {"c", nullptr}})), (sparse{1, 1, {}, {}}));
  EXPECT_EQ(problems<sparse>(map({{"a", 1}, {"b", nullptr}})), R"({"b": [{"description": "Expected int, got nil"}]})");
  EXPECT_EQ(problems<sparse>(map({{"a", nullptr}})), R"({"a": [{"description": "Expected int, got nil"}]})");
}

TEST(Structs, WhatIsNoStructStandsUnderTheStar) {
  EXPECT_EQ(problems<point>(nullptr), R"({"*": [{"description": "Expected Point, got nil"}]})");
  EXPECT_EQ(problems<empty>(list({})), R"({"*": [{"description": "Expected empty, got list"}]})");
  EXPECT_EQ(problems<std::vector<point>>(list({map({{"y", 1}})})),
            R"({"*": [{"index": 0, "errors": [{"x": [{"description": "Missing required field"}]}]}]})");
  EXPECT_TRUE(accepts<empty>(map({{"zz", 1}})));
}

TEST(Structs, TheLastDuplicateOfAFieldWins) {
  EXPECT_EQ(decode<first_error>(map({{"a", 10}, {"b", 1}, {"a", 20}})), (first_error{20, 1}));
  EXPECT_EQ(decode<first_error>(map({{"b", 1}, {"a", 10}, {"b", 2}, {"a", 20}})), (first_error{20, 2}));
  EXPECT_EQ(decode<first_error>(map({{"a", "wrong"}, {"b", 1}, {"a", 20}})), (first_error{20, 1}));
  EXPECT_EQ(decode<first_error>(map({{"a", 1}, {"b", 9}, {"zz", 1}, {"b", 2}, {"a", 20}})), (first_error{20, 2}));
  EXPECT_EQ(problems<first_error>(map({{"a", 20}, {"b", 1}, {"a", "wrong"}})),
            R"({"a": [{"description": "Expected int, got str"}]})");
  EXPECT_EQ(decode<segment>(map({{"a", map({{"x", 1}, {"y", 1}})}, {"b", map({{"x", 0}})}, {"a", map({{"x", 2}})}})).a,
            (point{2, 0}));
}

TEST(Structs, DuplicatesAtEveryLevelCostNoMoreThanTheirBytes) {
  // Were each level decoded twice, this would take 2^60 steps.
  value v = map({{"v", 1}});
  for (int i = 0; i < 60; ++i) v = map({{"v", 1}, {"children", list({v})}, {"v", 1}});
  swill::limits l;
  l.nesting = 200;
  EXPECT_EQ(refusal<tree>(v, l).code, 0);
}

TEST(Structs, AnArrayStructIsAList) {
  EXPECT_EQ(decode<vec>(list({1, 2, 3})), (vec{1, 2, 3}));
  EXPECT_EQ(decode<vec>(list({1, 2})), (vec{1, 2, 7}));
  EXPECT_EQ(decode<vec>(list({1, 2, 3, "more", map({})})), (vec{1, 2, 3}));
  EXPECT_EQ(to_value(vec{1, 2, 7}), list({1, 2, 7}));
  EXPECT_EQ(problems<vec>(list({1})), R"({"y": [{"description": "Missing required field"}]})");
  EXPECT_EQ(problems<vec>(list({1, "x"})), R"({"y": [{"description": "Expected int, got str"}]})");
  EXPECT_EQ(problems<vec>(map({})), R"({"*": [{"description": "Expected vec, got dict"}]})");
  EXPECT_EQ((decode<std::pair<vec, int>>(list({list({1, 2, 3, 4}), 5}))), (std::pair{vec{1, 2, 3}, 5}));
}

TEST(Structs, DefaultsAreLeftOutWhenAskedFor) {
  EXPECT_EQ(to_text(to_value(sparse{})), R"({"a": 0})");
  EXPECT_EQ(to_text(to_value(sparse{1, 0, "", {1}})), R"({"a": 1, "b": 0, "c": "", "d": [1]})");
  EXPECT_EQ(to_text(to_value(sparse{5, 1, "", {}})), R"({"a": 5, "c": ""})");
}

template <int N>
struct numbered {
  std::array<std::int64_t, N> f{};
  bool operator==(const numbered&) const = default;
};
template <class D, int N>
void describe(D& d, numbered<N>& n) {
  static_assert(N == 20);
  d.omit_defaults();
  d.field("f00", n.f[0], swill::defaulted{});
  d.field("f01", n.f[1], swill::defaulted{});
  d.field("f02", n.f[2], swill::defaulted{});
  d.field("f03", n.f[3], swill::defaulted{});
  d.field("f04", n.f[4], swill::defaulted{});
  d.field("f05", n.f[5], swill::defaulted{});
  d.field("f06", n.f[6], swill::defaulted{});
  d.field("f07", n.f[7], swill::defaulted{});
  d.field("f08", n.f[8], swill::defaulted{});
  d.field("f09", n.f[9], swill::defaulted{});
  d.field("f10", n.f[10], swill::defaulted{});
  d.field("f11", n.f[11], swill::defaulted{});
  d.field("f12", n.f[12], swill::defaulted{});
  d.field("f13", n.f[13], swill::defaulted{});
  d.field("f14", n.f[14], swill::defaulted{});
  d.field("f15", n.f[15], swill::defaulted{});
  d.field("f16", n.f[16], swill::defaulted{});
  d.field("f17", n.f[17], swill::defaulted{});
  d.field("a field whose name is longer than 31 bytes", n.f[18], swill::defaulted{});
  d.field("f19", n.f[19], swill::defaulted{});
}

TEST(Structs, ManyFieldsAreNoDifferent) {
  numbered<20> n;
  for (int count = 0; count <= 20; ++count) {
    EXPECT_EQ(round(n), n) << count;
    const swill::bytes b = encode(n);
    EXPECT_EQ(b[0], count <= 15 ? static_cast<std::byte>(0x80 + count) : std::byte{0xde});
    if (count < 20) n.f[count] = count + 1;
  }

  value v = to_value(n); // backwards, with each field twice
  auto& fields = *v.get_if<swill::value_map>();
  std::reverse(fields.begin(), fields.end());
  const auto again = fields;
  fields.insert(fields.end(), again.begin(), again.end());
  EXPECT_EQ(decode<numbered<20>>(v), n);
}

TEST(Structs, RecursionEndsAtTheLimit) {
  const auto nested = [](int trees) { // each takes two levels, the innermost one
    tree t;
    for (int i = 1; i < trees; ++i) t = tree{i, {t}};
    return to_value(t);
  };
  swill::limits l;
  l.nesting = 33;
  EXPECT_EQ(refusal<tree>(map({{"v", 1}}), l).code, 0);
  EXPECT_EQ(refusal<tree>(nested(16), l).code, 0);
  EXPECT_EQ(refusal<tree>(nested(17), l).code, 400);
  l.nesting = 32;
  EXPECT_EQ(refusal<tree>(nested(16), l).code, 0);
  l.nesting = 31;
  EXPECT_EQ(refusal<tree>(nested(16), l).code, 400);
}

struct chain {
  std::unique_ptr<chain> next;
  chain() = default;
  chain(chain&&) = default;
  chain& operator=(chain&&) = default;
  ~chain() {
    while (next) next = std::exchange(next->next, nullptr);
  }
};
template <class D>
void describe(D& d, chain& c) {
  d.field("next", c.next);
}

TEST(Structs, EncodingEndsWhereNobodyCouldRead) {
  const auto of = [](int n) {
    auto c = std::make_unique<chain>();
    for (int i = 1; i < n; ++i) {
      auto outer = std::make_unique<chain>();
      outer->next = std::move(c);
      c = std::move(outer);
    }
    return c;
  };
  EXPECT_NO_THROW(encode(*of(swill::wire::reader::deepest)));
  EXPECT_THROW(encode(*of(swill::wire::reader::deepest + 1)), swill::encode_error);
  EXPECT_THROW(encode(*of(1'000'000)), swill::encode_error);
}

TEST(Structs, AllProblemsAreReportedAtOnce) {
  value v = user();
  v.set("name", "root");
  v.set("age", "30");
  v.set("tags", list({"", "bad", "x", 5, "toolong"}));
  v.set("scores", map({{"x", 101}, {"y", 1}, {"z", 102}}));
  v.set("pair", list({0, 1}));
  v.set("address", map({{"street", ""}}));
  v.set("confirm", "q");

  EXPECT_EQ(
      problems<create_user>(v),
      R"({"name": [{"description": "name is reserved"}], )"
      R"("age": [{"description": "Expected int, got str"}], )"
      R"("tags": [{"index": 0, "errors": [{"description": "length less than 1"}]}, )"
      R"({"index": 1, "errors": [{"description": "bad tag"}]}, )"
      R"({"index": 3, "errors": [{"description": "Expected str, got int"}]}, )"
      R"({"index": 4, "errors": [{"description": "length greater than or equal to 5"}]}], )"
      R"("scores": [{"key": "x", "errors": [{"description": "greater than 100"}]}, )"
      R"({"key": "z", "errors": [{"description": "greater than 100"}]}], )"
      R"("pair": [{"index": 0, "errors": [{"description": "less than or equal to 0"}]}, )"
      R"({"index": 1, "errors": [{"description": "Expected str, got int"}]}], )"
      R"("address": [{"street": [{"description": "length less than 1"}], "zip": [{"description": "Missing required field"}]}]})");
}

TEST(Structs, AWholeMessageRuleRunsOnceAllFieldsHaveTheirTypes) {
  value v = user();
  v.set("confirm", "q");
  EXPECT_EQ(problems<create_user>(v), R"({"*": [{"description": "passwords do not match"}]})");
  v.set("age", 150);
  EXPECT_EQ(
      problems<create_user>(v),
      R"({"age": [{"description": "greater than or equal to 150"}], "*": [{"description": "passwords do not match"}]})");
  v.set("age", nullptr);
  EXPECT_EQ(problems<create_user>(v), R"({"age": [{"description": "Expected int, got nil"}]})");
  v.set("age", 1);
  v.set("tags", list({1}));
  EXPECT_EQ(problems<create_user>(v),
            R"({"tags": [{"index": 0, "errors": [{"description": "Expected str, got int"}]}]})");
  EXPECT_TRUE(accepts<create_user>(user()));
}

TEST(Structs, ProblemsAreBounded) {
  swill::limits l;
  l.problems = 3;
  EXPECT_EQ(problems<std::vector<point>>(list({map({}), map({}), map({}), map({})}), l),
            problems<std::vector<point>>(list({map({}), map({}), map({})})));
  EXPECT_EQ(problems<std::vector<point>>(list({map({}), map({}), map({})}), l),
            problems<std::vector<point>>(list({map({}), map({}), map({})})));
}

struct odd {
  std::string description;
};
template <class D>
void describe(D& d, odd& o) {
  d.field("description", o.description, swill::length{.min = 1, .max = 1});
}

TEST(Structs, AFieldMayBeCalledDescription) {
  EXPECT_EQ(problems<odd>(map({{"description", ""}})), R"({"description": [{"description": "length less than 1"}]})");
}

struct options {
  int page = 10;
  std::optional<std::string> filter;
  std::vector<int> sizes{1, 2};
  bool operator==(const options&) const = default;
};
template <class D>
void describe(D& d, options& o) {
  d.field("page", o.page, swill::gt{0}, swill::defaulted{});
  d.field("filter", o.filter);
  d.field("sizes", o.sizes, swill::defaulted{});
  d.rule("too much", [](const options& x) { return x.page != 13; });
}

struct options_array : options {};
template <class D>
void describe(D& d, options_array& o) {
  d.as_array();
  describe(d, static_cast<options&>(o));
}

TEST(Structs, NilIsADefaultedField) {
  EXPECT_EQ(decode<options>(map({{"page", nullptr}, {"sizes", nullptr}, {"filter", "x"}})),
            (options{.page = 10, .filter = "x", .sizes = {1, 2}}));
  EXPECT_EQ(decode<options>(map({{"zz", 1}, {"sizes", nullptr}, {"page", nullptr}})), options{});
  EXPECT_EQ(decode<options_array>(list({nullptr, nullptr, nullptr})), options_array{});
  EXPECT_EQ(problems<options>(map({{"page", "x"}})), R"({"page": [{"description": "Expected int, got str"}]})");
}

TEST(Structs, NilIsAMessageOfWhichAllFieldsMayBeAbsent) {
  EXPECT_EQ(decode<options>(nullptr), options{});
  EXPECT_EQ(decode<options_array>(nullptr), options_array{});
  EXPECT_EQ(problems<sparse>(nullptr), R"({"*": [{"description": "Expected sparse, got nil"}]})"); // a is required
  EXPECT_EQ(problems<std::vector<options>>(list({nullptr})),
            R"({"*": [{"index": 0, "errors": [{"description": "Expected options, got nil"}]}]})"); // no message
}

struct holder {
  point p{5, 5};
};
template <class D>
void describe(D& d, holder& h) {
  d.field("p", h.p, swill::defaulted{});
}

TEST(Structs, AMembersInitializerIsNoDefaultOfTheFieldsWithin) {
  EXPECT_EQ(decode<holder>(map({})).p, (point{5, 5}));
  EXPECT_EQ(decode<holder>(map({{"p", map({{"x", 1}})}})).p, (point{1, 0}));
}

struct twice {
  int a = 0;
};
template <class D>
void describe(D& d, twice& t) {
  d.field("a", t.a);
  d.field("a", t.a);
}

TEST(Structs, AMistakeInDescribeThrows) { EXPECT_THROW(swill::describe_type<twice>(), std::logic_error); }

struct strict_point {
  int x = 0, y = 0;
};
template <class D>
void describe(D& d, strict_point& p) {
  d.strict();
  d.field("x", p.x);
  d.field("y", p.y, swill::defaulted{});
}

struct strict_row {
  int a = 0, b = 0;
  strict_point at;
};
template <class D>
void describe(D& d, strict_row& r) {
  d.strict();
  d.as_array();
  d.field("a", r.a);
  d.field("b", r.b, swill::defaulted{});
  d.field("at", r.at, swill::defaulted{});
}

TEST(StrictStructs, RefuseUnknownFieldsByName) {
  EXPECT_TRUE(accepts<strict_point>(map({{"x", 1}, {"y", 2}})));
  EXPECT_TRUE(accepts<strict_point>(map({{"y", 2}, {"x", 1}})));
  EXPECT_TRUE(accepts<strict_point>(map({{"x", 1}, {"x", 2}})));
  EXPECT_EQ(problems<strict_point>(map({{"x", 1}, {"z", 2}})), R"({"z": [{"description": "Unknown field"}]})");
  EXPECT_EQ(problems<strict_point>(map({{"x", 1}, {"y", 2}, {"z", 3}})),
            R"({"z": [{"description": "Unknown field"}]})");
  EXPECT_EQ(problems<strict_point>(map({{"z", 2}, {"y", "a"}})),
            R"({"z": [{"description": "Unknown field"}], "x": [{"description": "Missing required field"}], )"
            R"("y": [{"description": "Expected int, got str"}]})");
}

TEST(StrictStructs, RefuseKeysThatAreNoNames) {
  EXPECT_EQ(problems<strict_point>(map({{"x", 1}, {5, 2}, {"", 3}})),
            R"({"*": [{"description": "Unknown field"}, {"description": "Unknown field"}]})");
  swill::bytes message = encode(map({{"x", 1}, {"?", 2}}));
  message[message.size() - 2] = std::byte{0xff}; // no UTF-8
  strict_point out;
  std::optional<swill::error> failure;
  EXPECT_FALSE(swill::decode_message(message, swill::limits{}, out, failure));
  EXPECT_EQ(swill::to_text(failure->data), R"({"*": [{"description": "Unknown field"}]})");
}

TEST(StrictStructs, RefuseFurtherItems) {
  EXPECT_TRUE(accepts<strict_row>(list({1})));
  EXPECT_TRUE(accepts<strict_row>(list({1, 2, map({{"x", 1}})})));
  EXPECT_EQ(problems<strict_row>(list({1, 2, map({{"x", 1}, {"q", 1}}), 4, 5})),
            R"({"at": [{"q": [{"description": "Unknown field"}]}], )"
            R"("*": [{"description": "Expected at most 3 items, got 5"}]})");
}

TEST(StrictStructs, ReportAsManyProblemsAsTheLimitSays) {
  swill::limits l;
  l.problems = 1;
  EXPECT_EQ(problems<strict_point>(map({{"x", 1}, {"p", 1}, {"q", 1}}), l),
            R"({"p": [{"description": "Unknown field"}]})");
}

TEST(StrictStructs, AreSeenInIntrospection) {
  EXPECT_EQ(*swill::describe_type<strict_point>().find("strict"), value{true});
  EXPECT_EQ(swill::describe_type<contract::point>().find("strict"), nullptr);
}

} // namespace
