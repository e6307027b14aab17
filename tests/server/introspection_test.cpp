#include "libswill/api/introspection.hpp"

#include "tests/server/calls.hpp"

// Who may ask what a server serves.

namespace swill {
namespace {

using namespace test;

struct open_app : logged_app {
  open_app() {
    handle("echo", [](request<int> r) { return r.data(); });
  }
};

TEST(Introspection, RunsTheHooksOfTheAppLikeAnyOtherRequest) {
  open_app a;
  strings seen;
  a.before_request([&seen](context& c) {
    seen.emplace_back(c.rpc());
    if (c.metadata().find("token") == nullptr) throw error{401, "who are you?"};
  });
  a.after_request(
      [&seen](context& c, const outcome& o) { seen.push_back(std::string{c.rpc()} + " " + std::to_string(o.code)); });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(error_of([&] { c.collect("swill.introspect"); }).code, 401);
  EXPECT_EQ(c.collect("swill.introspect", nothing{}, metadata{"token", 1}).size(), 1U);
  EXPECT_EQ(seen, (strings{"swill.introspect", "swill.introspect 401", "swill.introspect", "swill.introspect 0"}));
}

struct shortage {
  int left = 0;
};
template <class D>
void describe(D& d, shortage& s) {
  d.field("left", s.left, range{0, 9});
}

TEST(Introspection, SaysOfWhatTypeTheDataOfErrorsAre) {
  logged_app a;
  a.handle("buy",
           [](request<>) -> int {
             throw error{409, "sold out", to_value(shortage{3})};
           },
           {.errors = {404, error_with<shortage>(409)}});
  test_server s{a};
  test_client c{s};

  const value record = c.collect("swill.introspect").at(0);

  EXPECT_EQ(*record.find("errors"), (value{value_array{404, 409}}));
  EXPECT_EQ(to_text(*record.find("error_data")),
            R"([{"code": 409, "type": {"type": "shortage", "arguments": {"left": {"type": "int", "format": "int32", )"
            R"("constraints": {"ge": 0, "le": 9}}}}}])");
  EXPECT_EQ(to_text(error_of([&] { c.call("buy"); }).data), R"({"left": 3})");
}

struct misdescribed {
  int left = 10;
};
template <class D>
void describe(D& d, misdescribed& m) {
  d.field("left", m.left, range{0, 9}, defaulted{});
}

TEST(Introspection, FindsMistakesInTheTypesOfErrors) {
  logged_app a;
  a.handle("buy", [](request<>) { return 1; }, {.errors = {error_with<misdescribed>(409)}});

  EXPECT_THROW(test_server{a}, invalid_configuration);
}

TEST(Introspection, CanBeSwitchedOff) {
  open_app a;
  a.introspection(introspect::off);
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(error_of([&] { c.collect("swill.introspect"); }).code, 404);
  EXPECT_EQ(c.call<int>("echo", 1), 1);
}

TEST(Introspection, CanBeLeftToAHook) {
  open_app a;
  int asked = 0;
  a.introspection([&asked](context& c) -> task<void> {
    ++asked;
    co_await sleep_for(std::chrono::milliseconds{0});
    if (c.metadata().find("admin") == nullptr) throw error{403, "administrators only"};
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("swill.introspect", nothing{});
  s.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(arrived(c, seq), strings{"e:403"});
  const auto again = c.open("swill.introspect", nothing{}, metadata{"admin", true});
  s.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(arrived(c, again).back(), "end");
  EXPECT_EQ(c.call<int>("echo", 1), 1);
  EXPECT_EQ(asked, 2);
}

} // namespace
} // namespace swill
