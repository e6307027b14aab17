#include "libswill/api/types/schema.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/api/types/schema_node.hpp"
#include "libswill/wire/codec.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

// What a description refuses, the type refuses with the same problems; and but for what the description cannot say, the other way round.

namespace swill {
namespace {

struct place {
  std::string zip;
  std::optional<int> floor;
};
template <class D>
void describe(D& d, place& p) {
  d.field("zip", p.zip, pattern{"^[0-9]{5}$"});
  d.field("floor", p.floor, range{-2, 99});
}

enum class colour { red, green };
template <class D>
void describe(D& d, colour&) {
  d.value("red", colour::red);
  d.value("green", colour::green);
}

struct person {
  std::string name;
  std::uint8_t age = 0;
  double share = 0.5;
  std::vector<std::string> tags;
  std::map<std::string, int> scores;
  std::variant<int, std::string> mixed;
  place home;
  std::string language = "en";
  std::vector<person> friends;
};
template <class D>
void describe(D& d, person& p) {
  d.field("name", p.name, length{.min = 2, .max = 4});
  d.field("age", p.age, le{120});
  d.field("share", p.share, gt{0}, multiple_of{0.5}, defaulted{});
  d.field("tags", p.tags, each{min_length{2}}, defaulted{});
  d.field("scores", p.scores, values{le{100}}, defaulted{});
  d.field("mixed", p.mixed, defaulted{});
  d.field("home", p.home);
  d.field("language", p.language, one_of{"en", "de"}, defaulted{});
  d.field("friends", p.friends, defaulted{});
}

struct strict_pair {
  int a = 0, b = 0;
};
template <class D>
void describe(D& d, strict_pair& p) {
  d.strict();
  d.field("a", p.a);
  d.field("b", p.b, defaulted{});
}

struct strict_row {
  int a = 0;
};
template <class D>
void describe(D& d, strict_row& r) {
  d.strict();
  d.as_array();
  d.field("a", r.a);
}

bytes encoded(const value& v) {
  buffer out;
  wire::writer w{out};
  wire::write_value(w, v);
  return {out.view().begin(), out.view().end()};
}

template <class T>
void expect_same(const value& v) {
  const schema by_description{describe_type<T>()};
  const bytes b = encoded(v);
  T typed{};
  std::optional<error> by_type, by_schema;
  const bool fits = decode_message(b, limits{}, typed, by_type);
  EXPECT_EQ(by_description.check(b, limits{}, by_schema), fits) << to_text(v);
  if (fits || !by_schema) return;
  EXPECT_EQ(by_schema->code, by_type->code);
  EXPECT_EQ(by_schema->data, by_type->data) << to_text(by_schema->data) << "\n" << to_text(by_type->data);
}

value good_home() { return value::map({{"zip", "12345"}, {"floor", nullptr}}); }

TEST(TypesSchema, RefusesWhatTheTypeRefuses) {
  using pair = std::pair<std::int64_t, std::int64_t>;
  expect_same<pair>(value::array({1, 2}));
  expect_same<pair>(value::array({1, "x"}));
  expect_same<pair>(value::array({1}));
  expect_same<pair>("x");
  expect_same<std::uint8_t>(255);
  expect_same<std::uint8_t>(256);
  expect_same<std::uint8_t>(-1);
  expect_same<std::uint64_t>(UINT64_MAX);
  expect_same<std::int64_t>(UINT64_MAX);
  expect_same<double>(3);
  expect_same<double>("3");
  expect_same<bool>(1);
  expect_same<nothing>(1);
  expect_same<std::optional<std::string>>(nullptr);
  expect_same<std::optional<std::string>>(5);
  expect_same<std::variant<int, std::string>>(5.5);
  expect_same<colour>("red");
  expect_same<colour>("blue");
  expect_same<colour>(1);
  expect_same<std::set<int>>(value::array({1, "x", 1}));
  expect_same<std::chrono::system_clock::time_point>("yesterday");
  expect_same<std::chrono::system_clock::time_point>("2026-01-02T03:04:05Z");
}

TEST(TypesSchema, RefusesWhatAStructRefuses) {
  expect_same<person>(value::map({{"name", "Ada"}, {"age", 36}, {"home", good_home()}}));
  expect_same<person>(value::map({}));
  expect_same<person>(value::array({}));
  expect_same<person>(value::map({{"home", good_home()}, {"name", "A"}, {"age", 121}, {"share", 0.7}}));
  expect_same<person>(value::map({{"name", "Ada"},
                                  {"age", 300},
                                  {"tags", value::array({"ok", "x", 5})},
                                  {"scores", value::map({{"a", 101}, {"b", "c"}})},
                                  {"mixed", true},
                                  {"home", value::map({{"zip", "1"}, {"floor", 100}})},
                                  {"language", "fr"},
                                  {"friends", value::array({value::map({{"name", "x"}})})}}));
  expect_same<person>(
      value::map({{"name", 5}, {"name", "Ada"}, {"age", 36}, {"unknown", 1}, {"home", good_home()}})); // the last wins
}

TEST(TypesSchema, RefusesWhatAStrictStructRefuses) {
  expect_same<strict_pair>(value::map({{"a", 1}, {"b", 2}}));
  expect_same<strict_pair>(value::map({{"b", 2}, {"a", 1}}));
  expect_same<strict_pair>(value::map({{"a", 1}, {"c", 2}, {"b", 3}}));
  expect_same<strict_pair>(value::map({{"c", 1}, {5, 2}, {"b", "x"}}));
  expect_same<strict_row>(value::array({1}));
  expect_same<strict_row>(value::array({1, 2}));
}

TEST(TypesSchema, SaysWhatTheDescriptionSays) {
  const schema s{value::map(
      {{"type", "person"},
       {"documentation", "Somebody."},
       {"strict", true},
       {"arguments",
        value::map({{"name", value::map({{"type", "str"},
                                         {"documentation", "Of the passport."},
                                         {"constraints", value::map({{"min_length", 2}})}})},
                    {"friends",
                     value::map({{"type", "list"},
                                 {"arguments", value::map({{0, value::map({{"type", "person"},
                                                                           {"documentation", "Another."}})}})}})}})}})};

  const schema::node& person = s.root();
  EXPECT_EQ(person.kind, schema_kind::structure);
  EXPECT_EQ(person.name, "person");
  EXPECT_EQ(person.documentation, "Somebody.");
  ASSERT_EQ(person.notes.size(), 1U);
  EXPECT_EQ(person.notes[0].first, "strict");
  EXPECT_EQ(person.notes[0].second, value{true});
  ASSERT_EQ(person.fields.size(), 2U);

  const schema::node& name = *person.fields[0].type;
  EXPECT_EQ(name.documentation, "Of the passport.");
  ASSERT_EQ(name.notes.size(), 1U);
  EXPECT_EQ(name.notes[0].second, value::map({{"min_length", 2}}));

  const schema::node& another = *person.fields[1].type->parts.at(0);
  EXPECT_EQ(another.kind, schema_kind::recursion);
  EXPECT_EQ(another.documentation, "Another.");
  EXPECT_EQ(another.parts.at(0), &person);
}

TEST(TypesSchema, PassesWhatItDoesNotKnow) {
  const schema s{value::map({{"type", "Newer"}, {"arguments", value::map({{0, value::map({{"type", "int"}})}})}})};

  std::optional<error> failure;
  EXPECT_TRUE(s.check(encoded("x"), limits{}, failure));
  EXPECT_EQ(s.root().name, "Newer");
  EXPECT_EQ(s.root().parts.at(0)->name, "int");
}

} // namespace
} // namespace swill
