#include "tests/server/calls.hpp"

#include <map>
#include <memory>

// What may be given to `handle`, beside lambdas that can be copied. What may not is in tests/mistakes.

namespace swill {
namespace {

using namespace test;

struct shop {
  std::map<std::string, int> stock{{"ABC123", 5}};
  int take(request<std::string> r) { return stock[r.data()]--; }
  task<int> count(request<std::string> r) const { co_return stock.at(r.data()); }
};

TEST(HandlerKinds, MemberFunctionOfABorrowedObject) {
  shop mine;
  logged_app a;
  a.handle("take", &shop::take, &mine);
  a.handle("count", &shop::count, std::ref(mine), {.doc = "How many are left."});
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("take", "ABC123"), 5);

  EXPECT_EQ(c.call<int>("count", "ABC123"), 4);
  EXPECT_EQ(mine.stock["ABC123"], 4);
}

TEST(HandlerKinds, MemberFunctionOfAnObjectOfTheApp) {
  logged_app a;
  {
    shop gone;
    a.handle("count", &shop::count, gone);
    a.handle("take", &shop::take, std::make_shared<shop>());
    gone.stock.clear();
  }
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("take", "ABC123"), 5);
  EXPECT_EQ(c.call<int>("take", "ABC123"), 4);
  EXPECT_EQ(c.call<int>("count", "ABC123"), 5);
}

TEST(HandlerKinds, FunctionsThatOnlyMove) {
  int alive = 0;
  {
    logged_app a;
    a.handle("plain", [p = std::make_unique<counted>(alive)](request<int> r) { return r.data() + (p ? 1 : 0); });
    a.handle("waits", [p = std::make_unique<counted>(alive)](request<int> r) -> task<int> {
      co_await sleep_for(std::chrono::milliseconds{0});
      co_return r.data() + (p ? 1 : 0);
    });
    test_server first{a};
    test_server second{a}; // both serve the same function
    test_client c{first};
    test_client d{second};

    EXPECT_EQ(c.call<int>("plain", 1), 2);
    EXPECT_EQ(d.call<int>("plain", 2), 3);
    EXPECT_EQ(d.call<int>("waits", 3), 4);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

struct TextHandlers : testing::TestWithParam<bool> {
  logged_app a;
  void SetUp() override {
    if (GetParam()) a.before_request([](context&) {}); // the long way
  }
};

TEST_P(TextHandlers, TextsAreOwnedBeforeTheyAreSent) {
  a.handle("literal", [](request<>) { return "pong"; });
  a.handle("view", [](request<std::string> r) { return std::string_view{r.data()}; }); // of what goes with the request
  a.handle("blocking", blocking([](request<std::string> r) { return std::string_view{r.data()}; }));
  a.handle("nothing", [](request<>) -> const char* { return nullptr; });
  test_server s{a};
  test_client c{s};
  const std::string text(1000, 'x');

  EXPECT_EQ(c.call<std::string>("literal"), "pong");
  EXPECT_EQ(c.call<std::string>("view", text), text);
  EXPECT_EQ(c.call<std::string>("blocking", text), text);
  EXPECT_EQ(error_of([&] { c.call("nothing"); }).code, 500);
}

INSTANTIATE_TEST_SUITE_P(Ways, TextHandlers, testing::Bool());

TEST(HandlerKinds, WithoutAResultIs500AndNamedInTheLog) {
  std::vector<std::string> lines;
  app a;
  a.set_log([&lines](const log_entry& e) { lines.push_back(std::string{e.rpc} + ": " + std::string{e.text}); });
  a.handle("forgets", [](request<int> r) -> task<int> {
    if (r.data() > 0) co_return r.data();
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<int>("forgets", 7), 7);
  EXPECT_EQ(error_of([&] { c.call<int>("forgets", 0); }).code, 500);

  EXPECT_THAT(lines,
              testing::Contains(testing::AllOf(testing::StartsWith("forgets: "), testing::HasSubstr("co_return"))));
}

TEST(HandlerKinds, ABareLoopReadsOrIsRefused) {
  logged_app a;
  a.handle("drain", [](streaming_request<int> in) -> task<void> {
    while (co_await in.next()) {
    }
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open_stream("drain");
  c.send(seq, 1);
  c.end(seq);
  const auto end = c.receive(seq);

  ASSERT_TRUE(end);
  if (end->failure) { // by g++ 12, which cannot compile it
    EXPECT_EQ(end->failure->code, 500);
    EXPECT_THAT(a.lines(),
                testing::Contains(testing::HasSubstr("Declare one: while (auto item = co_await in.next()) {}")));
  }
}

} // namespace
} // namespace swill
