#include "tests/server/calls.hpp"

// `swill.ping`, by which a client that is a page asks whether the server is still there.

namespace swill {
namespace {

using namespace test;

TEST(Ping, AnswersNilWhateverTheDataIs) {
  app a;
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<value>("swill.ping"), value{});
  EXPECT_EQ(c.call<value>("swill.ping", value::map({{"any", "thing"}})), value{});
}

TEST(Ping, RunsNoHook) {
  app a;
  strings seen;
  a.before_request([&seen](context& c) {
    seen.emplace_back(c.rpc());
    throw error{401, "who are you?"};
  });
  a.after_request([&seen](context& c, const outcome&) { seen.emplace_back(c.rpc()); });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<value>("swill.ping"), value{});
  EXPECT_EQ(seen, strings{});
}

TEST(Ping, IsOneOfTheServersOwnHandlers) {
  app a;
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.collect("swill.introspect").size(), 0U);
  const auto all = c.collect("swill.introspect", value::map({{"builtin", true}}));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(*all[0].find("name"), value{"swill.ping"});
  EXPECT_EQ(*all[0].find("idempotent"), value{true});
}

} // namespace
} // namespace swill
