#include "libswill/api/app.hpp"

#include "libswill/server/test_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace swill {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// "CODE MESSAGE" of the error that a call is answered with; "" for none.
std::string failure_of(test_client& c, std::string_view rpc) {
  try {
    c.call(rpc);
    return {};
  } catch (const error& e) {
    return std::to_string(e.code) + " " + e.message;
  }
}

struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct badly_broken : broken {
  using broken::broken;
};

int break_it(request<>) { throw broken{"pipe"}; }
int break_it_badly(request<>) { throw badly_broken{"dam"}; }

auto as_error(int code) {
  return [code](context&, const broken& b) { return error{code, b.what()}; };
}

TEST(Blueprint, ItsOwnRulesForExceptionsAreForItsHandlersAlone) {
  blueprint inner{"inner"};
  inner.handle("badly", break_it_badly);
  inner.handle("broken", break_it);
  inner.on_exception<badly_broken>(as_error(701));
  blueprint outer{"outer"};
  outer.handle("badly", break_it_badly);
  outer.on_exception<broken>(as_error(702));
  outer.mount(std::move(inner));
  app a;
  a.mount(std::move(outer));
  a.handle("broken", break_it);
  a.on_exception<broken>(as_error(703));

  test_server s{a};
  test_client c{s};
  EXPECT_EQ(failure_of(c, "outer.inner.badly"), "701 dam"); // the innermost that fits
  EXPECT_EQ(failure_of(c, "outer.inner.broken"), "702 pipe");
  EXPECT_EQ(failure_of(c, "outer.badly"), "702 dam");
  EXPECT_EQ(failure_of(c, "broken"), "703 pipe");
}

auto noted(std::string text, int code) {
  return [text, code](context&, error e) { return error{code, e.message + text}; };
}

TEST(Blueprint, ItsOwnRulesForErrorsComeBeforeThoseAroundIt) {
  blueprint shop{"shop"};
  shop.handle("get", [](request<>) -> int { throw error{404, "none"}; });
  shop.handle("other", [](request<>) -> int { throw error{409, "taken"}; });
  shop.on_error(404, noted(" in the shop", 410));
  app a;
  a.mount(std::move(shop));
  a.handle("get", [](request<>) -> int { throw error{404, "none"}; });
  a.on_error(410, noted(" for ever", 411));
  a.on_error(404, noted(" anywhere", 404));

  test_server s{a};
  test_client c{s};
  EXPECT_EQ(failure_of(c, "shop.get"), "411 none in the shop for ever");
  EXPECT_EQ(failure_of(c, "shop.other"), "409 taken");
  EXPECT_EQ(failure_of(c, "get"), "404 none anywhere");
}

TEST(Blueprint, ItsLimitsAreForHandlersThatHaveNoneOfTheirOwn) {
  blueprint inner{"inner"};
  inner.limits().message_size = 30;
  inner.handle("f", [](request<std::string> r) { return r.data().size(); });
  inner.handle("own", [](request<std::string> r) { return r.data().size(); }, {.message_size = 50});
  blueprint outer{"outer"};
  outer.limits().message_size = 10;
  outer.limits().maximum_deadline = 5s;
  outer.handle("f", [](request<std::string> r) { return r.data().size(); });
  outer.handle("wait", [](request<>) -> task<void> { co_await sleep_for(1h); });
  outer.mount(std::move(inner));
  app a;
  a.mount(std::move(outer));
  a.handle("f", [](request<std::string> r) { return r.data().size(); });

  test_server s{a};
  test_client c{s};
  const auto takes = [&c](std::string_view rpc, std::size_t n) {
    try {
      return c.call<std::size_t>(rpc, std::string(n, 'x')) == n;
    } catch (const error& e) {
      EXPECT_EQ(e.code, 413);
      return false;
    }
  };
  EXPECT_TRUE(takes("outer.f", 9));
  EXPECT_FALSE(takes("outer.f", 10));
  EXPECT_TRUE(takes("outer.inner.f", 29));
  EXPECT_FALSE(takes("outer.inner.f", 30));
  EXPECT_TRUE(takes("outer.inner.own", 40));
  EXPECT_TRUE(takes("f", 1000));
  const auto waiting = c.open("outer.wait");
  s.advance(5s);
  const auto answer = c.receive(waiting);
  ASSERT_TRUE(answer && answer->failure);
  EXPECT_EQ(answer->failure->code, 408);
}

TEST(Blueprint, RequireRefusesByFalseOrByWhatItThrows) {
  blueprint shop{"shop"};
  shop.handle("get", [](request<>) { return 1; });
  shop.require([](context& c) { return !c.connection().user().empty(); });
  shop.require([](context& c) -> task<bool> {
    co_await sleep_for(0ms);
    co_return c.connection().user() != "bob";
  });
  shop.require([](context& c) {
    if (c.connection().user() == "eve") throw error{error_code::unauthorized, "not you"};
  });
  app a;
  a.mount(std::move(shop));
  a.handle("login", [](request<std::string> name) { name.context().connection().set_user(name.data()); });

  test_server s{a};
  test_client c{s};
  EXPECT_EQ(failure_of(c, "shop.get"), "403 You may not call this");
  c.call("login", std::string{"bob"});
  EXPECT_EQ(failure_of(c, "shop.get"), "403 You may not call this");
  c.call("login", std::string{"eve"});
  EXPECT_EQ(failure_of(c, "shop.get"), "401 not you");
  c.call("login", std::string{"ann"});
  EXPECT_EQ(failure_of(c, "shop.get"), "");
}

TEST(Blueprint, ARuleForATagIsForHandlersThatHaveIt) {
  std::vector<std::string> asked;
  app a;
  blueprint users{"users"};
  users.handle("remove", [](request<>) { return 1; }, {.tags = {"write", "admin"}});
  users.handle("count", [](request<>) { return 1; });
  a.mount(std::move(users));
  a.handle("mine", [](request<>) { return 1; }, {.tags = {"admin"}});
  a.require("admin", [&asked](context& c) {
    asked.emplace_back(c.rpc());
    return false;
  });

  test_server s{a};
  test_client c{s};
  EXPECT_EQ(failure_of(c, "users.count"), "");
  EXPECT_EQ(failure_of(c, "users.remove"), "403 You may not call this");
  EXPECT_EQ(failure_of(c, "mine"), "403 You may not call this");
  EXPECT_THAT(asked, ElementsAre("users.remove", "mine"));
}

TEST(Blueprint, HooksSeeTheOptionsOfTheHandler) {
  app a;
  std::vector<std::string> seen;
  a.before_request([&seen](context& c) {
    const handler_options& o = c.options();
    seen.push_back(o.doc + (o.idempotent ? "+" : "-") + (o.has_tag("b") ? "b" : ""));
  });
  a.handle("f", [](request<>) {}, {.doc = "F", .idempotent = true, .tags = {"a", "b"}});
  a.handle("g", [](request<>) {}, {.doc = "G"});

  test_server s{a};
  test_client c{s};
  c.call("f");
  c.call("g");
  EXPECT_THAT(seen, ElementsAre("F+b", "G-"));
  const auto records = c.collect("swill.introspect");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(*records[0].find("tags"), value::array({"a", "b"}));
  EXPECT_EQ(records[1].find("tags"), nullptr);
}

TEST(Blueprint, ARuleForATagThatNoHandlerHasIsAMistake) {
  blueprint shop{"shop"};
  shop.handle("get", [](request<>) { return 1; }, {.tags = {"admin"}});
  shop.require("amdin", [](context&) { return false; });
  shop.require("admin", [](context&) { return true; });
  app a;
  a.mount(std::move(shop));
  a.require("nobody", [](context&) { return false; });
  try {
    a.validate();
    FAIL();
  } catch (const invalid_configuration& e) {
    ASSERT_EQ(e.mistakes().size(), 2U);
    EXPECT_EQ(e.mistakes()[0].path, "require.amdin");
    EXPECT_THAT(e.mistakes()[0].text, HasSubstr("no handler has this tag"));
    EXPECT_EQ(e.mistakes()[1].path, "require.nobody");
  }
}

} // namespace
} // namespace swill
