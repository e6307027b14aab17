#include "actors/remote/message_shape.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/wire/codec.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

// What a description refuses, the type refuses with the same problems; and but for what the description cannot say, the other way round.

namespace swill::actors::remote {
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
  const message_shape shape{describe_type<T>()};
  const bytes b = encoded(v);
  T typed{};
  std::optional<error> by_type, by_shape;
  const bool fits = decode_message(b, limits{}, typed, by_type);
  EXPECT_EQ(shape.check(b, limits{}, by_shape), fits) << to_text(v);
  if (fits || !by_shape) return;
  EXPECT_EQ(by_shape->code, by_type->code);
  EXPECT_EQ(by_shape->data, by_type->data) << to_text(by_shape->data) << "\n" << to_text(by_type->data);
}

value good_home() { return value::map({{"zip", "12345"}, {"floor", nullptr}}); }

TEST(MessageShape, RefusesWhatTheTypeRefuses) {
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

TEST(MessageShape, RefusesWhatAStructRefuses) {
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

TEST(MessageShape, RefusesWhatAStrictStructRefuses) {
  expect_same<strict_pair>(value::map({{"a", 1}, {"b", 2}}));
  expect_same<strict_pair>(value::map({{"b", 2}, {"a", 1}}));
  expect_same<strict_pair>(value::map({{"a", 1}, {"c", 2}, {"b", 3}}));
  expect_same<strict_pair>(value::map({{"c", 1}, {5, 2}, {"b", "x"}}));
  expect_same<strict_row>(value::array({1}));
  expect_same<strict_row>(value::array({1, 2}));
}

} // namespace
} // namespace swill::actors::remote
