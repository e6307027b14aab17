#include "libswill/api/types/structs.hpp"

#include "tests/api/types_contract.hpp"

#include <charconv>
#include <gtest/gtest.h>
#include <stdexcept>

namespace {

using namespace typed;
using swill::value;

struct user_id {
  std::int64_t number = 0;
  auto operator<=>(const user_id&) const = default;
};
template <class D>
void describe(D& d, user_id& u) {
  d.doc("a customer");
  d.as(u.number, swill::gt{0});
}

struct tags {
  std::vector<std::string> all;
};
template <class D>
void describe(D& d, tags& t) {
  d.as(t.all, swill::length{.max = 2}, swill::each{swill::min_length{1}});
  d.rule("first and last differ", [](const tags& x) { return x.all.size() < 2 || x.all.front() != x.all.back(); });
}

/// Of a library: it knows nothing of us, and its member is private.
class dotted {
public:
  dotted() = default;
  dotted(int major, int minor) : major_(major), minor_(minor) {}
  int major_part() const { return major_; }
  int minor_part() const { return minor_; }
  bool operator==(const dotted&) const = default;

private:
  int major_ = 0, minor_ = 0;
};

std::optional<dotted> parse_dotted(const std::string& s) {
  int major = 0, minor = 0;
  const char* const end = s.data() + s.size();
  auto r = std::from_chars(s.data(), end, major);
  if (r.ec != std::errc{} || r.ptr == end || *r.ptr != '.') return std::nullopt;
  r = std::from_chars(r.ptr + 1, end, minor);
  if (r.ec != std::errc{} || r.ptr != end) return std::nullopt;
  return dotted{major, minor};
}

template <class D>
void describe(D& d, dotted& v) {
  d.convert(
      v, [](const dotted& x) { return std::to_string(x.major_part()) + "." + std::to_string(x.minor_part()); },
      &parse_dotted, swill::length{.max = 5});
}

struct whole_order {
  contract::point at;
};
template <class D>
void describe(D& d, whole_order& o) {
  d.as(o.at);
}

struct release {
  user_id by;
  std::optional<dotted> version;
  tags labels;
  std::map<user_id, int> votes;
};
template <class D>
void describe(D& d, release& r) {
  d.field("by", r.by, swill::predicate{[](const user_id& u) { return u.number != 13; }, "unlucky"});
  d.field("version", r.version);
  d.field("labels", r.labels, swill::defaulted{});
  d.field("votes", r.votes, swill::defaulted{});
}

struct grove {
  std::vector<grove> children;
};
template <class D>
void describe(D& d, grove& t) {
  d.as(t.children);
}

TEST(StandIns, AStrongTypeTravelsAsItsMember) {
  EXPECT_EQ(to_value(user_id{7}), value{7});
  EXPECT_EQ(decode<user_id>(value{7}).number, 7);
  EXPECT_EQ(problem<user_id>(value{"x"}), "Expected int, got str");
  EXPECT_EQ(problem<user_id>(value{0}), "less than or equal to 0");
  EXPECT_EQ(round(std::map<user_id, user_id>{{{1}, {2}}}), (std::map<user_id, user_id>{{{1}, {2}}}));
}

TEST(StandIns, AreFieldsKeysAndItems) {
  const value good = map({{"by", 1}, {"version", "1.2"}, {"labels", list({"a"})}, {"votes", map({{5, 1}})}});
  EXPECT_EQ(to_value(decode<release>(good)), good);
  EXPECT_EQ(decode<release>(map({{"by", 1}})).version, std::nullopt);
  EXPECT_EQ(
      problems<release>(map({{"by", 13}, {"version", "one"}, {"labels", list({"a", ""})}, {"votes", map({{0, 1}})}})),
      R"({"by": [{"description": "unlucky"}], )"
      R"("version": [{"description": "Expected dotted, got another str"}], )"
      R"("labels": [{"index": 1, "errors": [{"description": "length less than 1"}]}], )"
      R"("votes": [{"key": 0, "errors": [{"description": "less than or equal to 0"}]}]})");
}

TEST(StandIns, AConvertedTypeIsReadByItsFunction) {
  EXPECT_EQ(to_value(dotted{1, 20}), value{"1.20"});
  EXPECT_EQ(decode<dotted>(value{"1.20"}), (dotted{1, 20}));
  EXPECT_EQ(problem<dotted>(value{5}), "Expected str, got int");
  EXPECT_EQ(problem<dotted>(value{"1."}), "Expected dotted, got another str");
  EXPECT_EQ(problem<dotted>(value{"100.200"}), "length greater than or equal to 6");
}

TEST(StandIns, RulesOfTheWholeStandWithItsProblems) {
  EXPECT_EQ(problem<tags>(list({"a", "a"})), "first and last differ");
  EXPECT_EQ(problems<release>(map({{"by", 1}, {"labels", list({"a", "a"})}})),
            R"({"labels": [{"description": "first and last differ"}]})");
}

TEST(StandIns, AStructWithinKeepsItsFields) {
  EXPECT_EQ(problems<whole_order>(map({{"x", "a"}})), R"({"x": [{"description": "Expected float, got str"}]})");
  EXPECT_EQ(to_value(whole_order{{1, 2}}), map({{"x", 1.0}, {"y", 2.0}}));
}

TEST(StandIns, UnionsChooseThemByWhatTheyTravelAs) {
  using either = std::variant<user_id, dotted>;
  EXPECT_EQ(decode<either>(value{5}).index(), 0U);
  EXPECT_EQ(decode<either>(value{"1.2"}).index(), 1U);
  EXPECT_EQ(problem<either>(value{true}), "Expected int | str, got bool");
  EXPECT_EQ((decode<std::variant<dotted, std::string>>(value{"x"}).index()), 1U);
}

TEST(StandIns, IntrospectionShowsWhatTheyTravelAs) {
  EXPECT_EQ(swill::describe_type<user_id>(),
            map({{"type", "int"}, {"constraints", map({{"gt", 0}})}, {"documentation", "a customer"}}));
  EXPECT_EQ(swill::describe_type<dotted>(),
            map({{"type", "str"}, {"constraints", map({{"min_length", 0}, {"max_length_exclusive", 6}})}}));
  EXPECT_EQ(swill::describe_type<grove>(),
            map({{"type", "list"}, {"arguments", map({{0, map({{"type", "grove"}})}})}}));
}

TEST(StandIns, AreAsDeepAsTheyNest) {
  swill::limits l;
  l.nesting = 2;
  EXPECT_EQ(refusal<grove>(list({list({}), list({})}), l).code, 0);
  EXPECT_EQ(refusal<grove>(list({list({list({})})}), l).code, 400);
}

struct two_members {
  int a = 0, b = 0;
};
template <class D>
void describe(D& d, two_members& t) {
  d.as(t.a);
  d.field("b", t.b);
}

TEST(StandIns, HaveOneMemberAndNothingElse) { EXPECT_THROW(swill::describe_type<two_members>(), std::logic_error); }

} // namespace
