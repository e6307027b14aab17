#include "libswill/api/app.hpp"

#include "tests/support/mistakes.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Mistakes in the descriptions of messages, which a start finds.

namespace validated {

using namespace std::chrono_literals;
using namespace swill;
using swill::test::mistakes_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// --- Types with a mistake each

struct late_default {
  int a = 0;
  std::string b = "x";
  std::optional<int> c;
  std::vector<int> d{1, 200};
};
template <class D>
void describe(D& d, late_default& v) {
  d.field("a", v.a, range{1, 100}, defaulted{});
  d.field("b", v.b, pattern{"^x$"}, defaulted{});
  d.field("c", v.c, range{1, 100});
  d.field("d", v.d, each{le{100}}, omittable{});
}

struct no_values {
  int a = 0;
  std::string b;
  std::map<std::string, int> c;
  int d = 0;
};
template <class D>
void describe(D& d, no_values& v) {
  d.field("a", v.a, range{100, 1});
  d.field("b", v.b, pattern{"("});
  d.field("c", v.c, values{gt{5}, lt{5}});
  d.field("d", v.d, multiple_of{0});
}

enum class colour { red, green };
template <class D>
void describe(D& d, colour&) {
  d.value("red", colour::red);
  d.value("red", colour::green);
}

enum class nameless { one };
template <class D>
void describe(D&, nameless&) {}

struct forgotten {
  int a = 0;
};
template <class D>
void describe(D&, forgotten&) {}

struct truly_empty {};
template <class D>
void describe(D&, truly_empty&) {}

struct doubled {
  int a = 0;
};
template <class D>
void describe(D& d, doubled& v) {
  d.field("a", v.a);
  d.field("a", v.a);
}

struct odd_names {
  int a = 0, b = 0, c = 0;
};
template <class D>
void describe(D& d, odd_names& v) {
  d.field("", v.a);
  d.field("two\nlines", v.b);
  d.field("\xff", v.c);
}

enum class shade { none, light, dark, black };
template <class D>
void describe(D& d, shade&) {
  d.value("", shade::light);
  d.value("a\tb", shade::dark);
  d.value("black", shade::black);
  d.value("ink", shade::black);
}

enum class side { none, left, right };
template <class D>
void describe(D& d, side&) {
  d.value("left", side::left);
  d.value("right", side::right);
}

struct unsendable {
  side a{};
  std::string b = "gr\xfc\xdf";
  side c = side::left;
  std::optional<side> d;
};
template <class D>
void describe(D& d, unsendable& v) {
  d.field("a", v.a, defaulted{});
  d.field("b", v.b, defaulted{});
  d.field("c", v.c, defaulted{});
  d.field("d", v.d);
}

struct span {
  int from = 5;
  int to = 1;
};
template <class D>
void describe(D& d, span& v) {
  d.field("from", v.from, defaulted{});
  d.field("to", v.to, defaulted{});
  d.rule("from is at most to", [](const span& s) { return s.from <= s.to; });
}

/// What its client must give may fail the rule before; what may be left out may, too, where the rule asks for one of several.
struct asked_span {
  int from = 5;
  int to = 1;
};
template <class D>
void describe(D& d, asked_span& v) {
  d.field("from", v.from);
  d.field("to", v.to, defaulted{});
  d.rule("from is at most to", [](const asked_span& s) { return s.from <= s.to; });
}
struct one_of_two {
  std::optional<int> id;
  std::optional<std::string> name;
};
template <class D>
void describe(D& d, one_of_two& v) {
  d.field("id", v.id);
  d.field("name", v.name);
  d.rule("an id or a name", [](const one_of_two& s) { return s.id || s.name; });
}

struct holds_span {
  asked_span within;
};
template <class D>
void describe(D& d, holds_span& v) {
  d.field("within", v.within, defaulted{});
}

/// Its field has a default of a type that has a mistake itself.
struct holds_colour {
  colour c{};
};
template <class D>
void describe(D& d, holds_colour& v) {
  d.field("c", v.c, defaulted{});
}

/// As a node of a tree: its table is made while it is looked at.
struct tree {
  int weight = 1;
  std::vector<tree> below;
};
template <class D>
void describe(D& d, tree& t) {
  d.field("weight", t.weight, range{1, 9}, defaulted{});
  d.field("below", t.below, min_length{0}, defaulted{});
}

template <class T>
std::vector<std::string> mistakes_of_type() {
  app a;
  a.handle("f", [](request<T>) {});
  return mistakes_of(a);
}

TEST(ValidateTypes, FindsDefaultsThatBreakTheirOwnRules) {
  EXPECT_THAT(
      mistakes_of_type<late_default>(),
      ElementsAre("types.late_default.a: its default 0 breaks its own rule (less than 1); give it one that fits, "
                  "or make it std::optional",
                  "types.late_default.d: its default [1, 200] breaks its own rule (greater than 100); give it one "
                  "that fits, or make it std::optional"));
  EXPECT_THAT(mistakes_of_type<tree>(), IsEmpty());
}

TEST(ValidateTypes, FindsRulesThatNothingCanKeep) {
  EXPECT_THAT(
      mistakes_of_type<no_values>(),
      ElementsAre("types.no_values.a: its rules ge 100 and le 1 fit no value; the first must be at most the second",
                  testing::StartsWith("types.no_values.b: pattern \"(\": missing )"),
                  "types.no_values.c[]: its rules gt 5 and lt 5 fit no value; the first must be less than the second",
                  "types.no_values.d: multiple_of 0 fits no value; any other number would be right"));
}

TEST(ValidateTypes, FindsDefaultsThatCannotBeSent) {
  EXPECT_THAT(
      mistakes_of_type<unsendable>(),
      ElementsAre("types.unsendable.a: its default cannot be sent (enumeration side has no value 0); give it one "
                  "that can, or make it std::optional",
                  testing::StartsWith("types.unsendable.b: its default cannot be sent (")));
}

TEST(ValidateTypes, FindsDefaultsThatBreakTheRuleOfTheirStruct) {
  EXPECT_THAT(mistakes_of_type<span>(),
              ElementsAre("types.span: the defaults of its fields break its own rule (from is at most to); give them "
                          "values that fit together, or make one required or std::optional"));
  EXPECT_THAT(
      mistakes_of_type<holds_span>(),
      ElementsAre(testing::StartsWith("types.holds_span.within: its default {\"from\": 5, \"to\": 1} breaks its "
                                      "own rule (from is at most to)")));
  EXPECT_THAT(mistakes_of_type<asked_span>(), IsEmpty());
  EXPECT_THAT(mistakes_of_type<one_of_two>(), IsEmpty());
}

TEST(ValidateTypes, FindsNamesOfFieldsAndValuesThatNobodyCanWrite) {
  EXPECT_THAT(
      mistakes_of_type<odd_names>(),
      UnorderedElementsAre("types.odd_names: the name of a field is empty; give it one that is not",
                           "types.odd_names: the name of a field, two\\x0alines, holds control characters; give it "
                           "one without",
                           "types.odd_names: the name of a field is not UTF-8; give it one that is",
                           testing::StartsWith("handlers.f.request.type.arguments.\\xff: is text")));
  EXPECT_THAT(mistakes_of_type<shade>(),
              ElementsAre("types.shade: the name of a value is empty; give it one that is not",
                          "types.shade: the name of a value, a\\x09b, holds control characters; give it one without",
                          "types.shade.ink: is the same value as black, so that it is never sent; one name for each "
                          "would be right"));
}

TEST(ValidateTypes, FindsMistakesInDescribe) {
  EXPECT_THAT(mistakes_of_type<colour>(),
              ElementsAre("types.colour.red: stands there twice; each value needs a name of its own"));
  EXPECT_THAT(mistakes_of_type<nameless>(),
              ElementsAre("types.nameless: an enumeration without values; name each by d.value"));
  EXPECT_THAT(mistakes_of_type<doubled>(),
              ElementsAre("types.doubled.a: stands there twice; each field needs a name of its own"));
  EXPECT_THAT(
      mistakes_of_type<forgotten>(),
      ElementsAre(
          "types.forgotten: describe names no field, but the struct has members; name those that travel by d.field"));
  EXPECT_THAT(mistakes_of_type<truly_empty>(), IsEmpty());
  EXPECT_THAT(mistakes_of_type<holds_colour>(),
              ElementsAre(testing::StartsWith("types.colour.red: stands there twice")));
  EXPECT_THROW(to_value(doubled{}), std::logic_error); // where there is no app to ask
}

TEST(ValidateTypes, FindsAMistakeOfATypeOnceHoweverManyHandlersUseIt) {
  app a;
  a.handle("f", [](request<colour>) {});
  a.handle("g", [](request<std::vector<colour>>) -> std::optional<colour> { return {}; });
  EXPECT_EQ(mistakes_of(a).size(), 1U);
}

} // namespace validated
