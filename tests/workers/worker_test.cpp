#include "actors/workers/worker.hpp"

#include "actors/ask.hpp"
#include "actors/handles.hpp"
#include "tests/workers/world.hpp"

#include <atomic>
#include <map>
#include <vector>

namespace swill {
namespace {

using namespace worker_tests;

using numbers = std::pair<std::int64_t, std::int64_t>;

void serve_all_shapes(app& a) {
  a.handle("add", [](request<numbers> r) { return r.data().first + r.data().second; });
  a.handle("count", [](request<int> r) -> stream<int> {
    for (int i = 0; i < r.data(); ++i) co_yield i;
  });
  a.handle("sum", [](streaming_request<int> in) -> task<int> {
    int sum = 0;
    while (const auto i = co_await in.next()) sum += *i;
    co_return sum;
  });
  a.handle("echo", [](streaming_request<std::string> in) -> stream<std::string> {
    while (auto s = co_await in.next()) co_yield std::move(*s);
  });
}

TEST(Worker, ServesAllShapes) {
  gateway_world g;
  worker_world w{serve_all_shapes, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "echo")) << g.log.text() << w.log.text();

  EXPECT_EQ(c.call<std::int64_t>("add", numbers{2, 3}), 5);

  int next = 0;
  for (const int i : c.stream<int>("count", 10000)) EXPECT_EQ(i, next++);
  EXPECT_EQ(next, 10000);

  auto up = c.upload<int, int>("sum");
  for (int i = 1; i <= 1000; ++i) up.write(i);
  EXPECT_EQ(up.finish(), 500500);

  auto both = c.duplex<std::string, std::string>("echo");
  for (int i = 0; i < 100; ++i) {
    both.write("line " + std::to_string(i));
    EXPECT_EQ(both.next(), "line " + std::to_string(i));
  }
  both.close_writing();
  EXPECT_EQ(both.next(), std::nullopt);
}

TEST(Worker, AnswersAsTheGatewayItselfWould) {
  gateway_world g;
  const auto serve = [](app& a) {
    a.handle("fails", [](request<int> r) -> int {
      if (r.data() == 1) throw error{403, "no", value::map({{"why", "so"}})};
      throw std::runtime_error{"secret"};
    });
    a.handle("metadata_stream", [](request<> r) -> stream<int> {
      metadata m{"got", *r.metadata().find("sent")};
      co_await r.context().send_leading(std::move(m));
      r.context().trailing().set("end", 1);
      co_yield 1;
    });
    a.handle("where", [](request<> r) {
      const connection& c = r.context().connection();
      return c.id() + " " + c.user() + " " + std::string{c.header("X-Test").value_or("?")};
    });
    a.handle("count_calls", [](request<> r) { return ++r.context().connection().state<int>(); });
  };
  worker_world w{serve, {.gateways = {g.worker_address()}}};
  client_options options;
  options.headers.emplace_back("X-Test", "shown");
  blocking_client c{g.url(), options};
  ASSERT_TRUE(serves(c, "count_calls"));

  const auto refused = c.try_call<int>("fails", 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_EQ(refused.error().message, "no");
  EXPECT_EQ(refused.error().data, value::map({{"why", "so"}}));
  const auto unforeseen = c.try_call<int>("fails", 2);
  EXPECT_EQ(unforeseen.error().code, 500);
  EXPECT_TRUE(unforeseen.error().data.is_nil());
  EXPECT_EQ(c.try_call<int>("fails", std::string{"text"}).error().code, 422);
  EXPECT_TRUE(c.call<std::string>("where").ends_with("  shown"));
  auto streamed = c.stream<int>("metadata_stream", nothing{}, metadata{"sent", "x"});
  EXPECT_EQ(streamed.next(), 1);
  EXPECT_EQ(*streamed.leading().find("got"), value{"x"});
  EXPECT_EQ(streamed.next(), std::nullopt);
  EXPECT_EQ(*streamed.trailing().find("end"), value{1});
  EXPECT_EQ(c.call<int>("count_calls"), 1);
  EXPECT_EQ(c.call<int>("count_calls"), 2);
}

/// So many arrays within each other.
value nested(int levels) {
  value v;
  for (int i = 0; i < levels; ++i) v = value::array({std::move(v)});
  return v;
}

void serve_nested(app& a) {
  serve_all_shapes(a);
  a.handle("deep", [](request<int> r) { return nested(r.data()); });
  a.handle("deep_later", [](request<int> r) -> task<value> { co_return nested(r.data()); });
  a.handle("deep_items", [](request<int> r) -> stream<value> {
    co_yield value{1};
    co_yield nested(r.data());
  });
  a.handle("deep_error", [](request<int> r) -> int { throw error{402, "no", nested(r.data())}; });
  a.handle("deep_leading", [](request<int> r) -> task<int> {
    co_await r.context().send_leading(metadata{"deep", nested(r.data())});
    co_return 1;
  });
  a.handle("deep_trailing", [](request<int> r) {
    r.context().trailing().set("deep", nested(r.data()));
    return 1;
  });
  a.handle("deep_push", [](request<int> r) -> task<bool> {
    const connection_handle me = r.context().connection().actor();
    const push what{"deep", nested(r.data())};
    co_return co_await ask<bool>(me, 10s, what);
  });
}

// The gateway reads 256 levels, of which the envelope is one.
TEST(Worker, WhatNestsTooDeepFailsItsCallAlone) {
  gateway_world g;
  worker_world w{serve_nested, {.gateways = {g.worker_address()}}};
  client_options options;
  options.nesting = 256;
  blocking_client c{g.url(), options};
  ASSERT_TRUE(serves(c, "deep_push")) << g.log.text() << w.log.text();
  auto other = c.duplex<std::string, std::string>("echo");
  other.write("before");
  ASSERT_EQ(other.next(), "before");
  const auto code_of = [&](const std::string& rpc, int levels) {
    const auto r = c.try_call<value>(rpc, levels);
    return r ? 0 : r.error().code;
  };

  for (const std::string rpc : {"deep", "deep_later"}) {
    EXPECT_EQ(c.call<value>(rpc, 255), nested(255));
    EXPECT_EQ(code_of(rpc, 256), 500);
  }
  EXPECT_TRUE(w.log.wait_for("nests too deep for the link to the gateway")) << w.log.text();

  EXPECT_EQ(c.try_call<int>("deep_error", 254).error().data, nested(254));
  const auto without = c.try_call<int>("deep_error", 255).error();
  EXPECT_EQ(without.code, 402);
  EXPECT_EQ(without.message, "no");
  EXPECT_TRUE(without.data.is_nil());
  EXPECT_TRUE(w.log.wait_for("an error is sent without its data")) << w.log.text();

  for (const std::string rpc : {"deep_leading", "deep_trailing"}) {
    EXPECT_EQ(code_of(rpc, 254), 0);
    EXPECT_EQ(code_of(rpc, 255), 500);
  }

  auto items = c.stream<value>("deep_items", 256);
  EXPECT_EQ(items.next(), value{1});
  try {
    items.next();
    ADD_FAILURE() << "an item that nests too deep";
  } catch (const error& e) {
    EXPECT_EQ(e.code, 500);
  }

  EXPECT_EQ(code_of("deep_push", 255), 0);
  EXPECT_EQ(code_of("deep_push", 256), 400);

  other.write("after");
  EXPECT_EQ(other.next(), "after");
  EXPECT_EQ(g.log.text().find("is out"), std::string::npos) << g.log.text();
}

/// How many arrays are within each other.
int levels_of(const value& v) {
  const auto* items = v.get_if<value_array>();
  return items == nullptr || items->empty() ? 0 : 1 + levels_of(items->front());
}

// A worker may allow less than its gateway, or as much: what is too deep for it is the fault of that call alone.
TEST(Worker, WhatAClientNestsTooDeepFailsItsCallAlone) {
  const auto serve = [](app& a) {
    a.handle("levels", [](request<value> r) { return levels_of(r.data()); });
    a.handle("levels_all", [](streaming_request<value> in) -> task<int> {
      int sum = 0;
      while (auto v = co_await in.next()) sum += levels_of(*v);
      co_return sum;
    });
  };
  for (const std::size_t allowed : {std::size_t{32}, std::size_t{256}}) {
    gateway_world g{{}, 2, [](app& a) { a.limits().nesting = 256; }};
    worker_world w{[&](app& a) {
                     serve(a);
                     serve_all_shapes(a);
                     a.limits().nesting = allowed;
                   },
                   {.gateways = {g.worker_address()}}};
    client_options options;
    options.nesting = 256;
    blocking_client c{g.url(), options};
    ASSERT_TRUE(serves(c, "levels_all")) << g.log.text() << w.log.text();
    auto other = c.duplex<std::string, std::string>("echo");
    other.write("before");
    ASSERT_EQ(other.next(), "before");

    // The envelope is one level.
    const int most = static_cast<int>(allowed) - 1;
    EXPECT_EQ(c.call<int>("levels", nested(most)), most);
    for (const int deeper : {most + 1, 255, 256, 300}) {
      if (deeper <= most) continue;
      const auto refused = c.try_call<int>("levels", nested(deeper));
      ASSERT_FALSE(refused) << deeper;
      EXPECT_EQ(refused.error().code, 400) << deeper << refused.error().message;
    }
    auto upload = c.upload<value, int>("levels_all");
    upload.write(nested(most));
    upload.write(nested(most + 1));
    try {
      upload.finish();
      ADD_FAILURE() << "an item that nests too deep";
    } catch (const error& e) {
      EXPECT_EQ(e.code, 400) << e.message;
    }

    other.write("after");
    EXPECT_EQ(other.next(), "after");
    EXPECT_EQ(g.log.text().find("is out"), std::string::npos) << g.log.text();
  }
}

TEST(Worker, LogsTheTraceOfTheClientsRequest) {
  gateway_world g;
  const auto serve = [](app& a) { a.handle("says", [](request<> r) { r.context().log(log_level::info, "said"); }); };
  worker_world w{serve, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "says"));

  const metadata parent{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  c.call("says", nothing{}, parent);
  c.call("says", nothing{}, {parent, 10s}); // its deadline makes the gateway write the metadata anew

  const std::string line = "said trace=4bf92f3577b34da6a3ce929d0e0e4736\n";
  EXPECT_TRUE(w.log.wait_for(line + line)) << w.log.text();
}

TEST(Worker, HearsOfCancellationAndDeadline) {
  gateway_world g;
  auto ended = std::make_shared<std::atomic<int>>(0);
  struct guard {
    std::shared_ptr<std::atomic<int>> count;
    ~guard() { ++*count; }
  };
  const auto serve = [ended](app& a) {
    a.handle("wait", [ended](request<>) -> task<int> {
      const guard until_the_end{ended};
      co_await sleep_for(1h);
      co_return 1;
    });
    a.handle("wait_stream", [ended](request<>) -> stream<int> {
      const guard until_the_end{ended};
      co_yield 1;
      co_await sleep_for(1h);
    });
    a.handle("left", [](request<> r) {
      const auto at = r.context().deadline();
      return at.has_value();
    });
  };
  worker_world w{serve, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "left"));

  call_options soon;
  soon.timeout = 50ms;
  EXPECT_EQ(c.try_call<int>("wait", nothing{}, soon).error().code, 408);
  EXPECT_TRUE(eventually([&] { return *ended == 1; }));

  {
    blocking_client gone{g.url()};
    auto items = gone.stream<int>("wait_stream");
    EXPECT_EQ(items.next(), 1);
  } // its connection ends
  EXPECT_TRUE(eventually([&] { return *ended == 2; }));
}

TEST(Worker, WithAWrongSecretIsDropped) {
  gateway_world g;
  worker_world w{serve_all_shapes, {.gateways = {g.worker_address()}, .secret = "quite another secret"}};
  EXPECT_TRUE(g.log.wait_for("it does not know the secret"));
  EXPECT_TRUE(w.log.wait_for("refused: it does not know the secret"));
  blocking_client c{g.url()};
  EXPECT_EQ(c.try_call<std::int64_t>("add", numbers{1, 2}).error().code, 404);
}

TEST(Worker, LosesToTheGatewaysOwnHandlers) {
  gateway_world g{{}, 2, [](app& a) { a.handle("add", [](request<>) { return std::string{"mine"}; }); }};
  worker_world w{serve_all_shapes, {.gateways = {g.worker_address()}}};
  EXPECT_TRUE(g.log.wait_for("handler add of worker"));
  EXPECT_TRUE(w.log.wait_for("the gateway serves that name itself"));
  blocking_client c{g.url()};
  EXPECT_EQ(c.call<std::string>("add"), "mine");
}

TEST(Worker, FullOfCallsIsAnsweredFor) {
  gateway_world g;
  const auto serve = [](app& a) {
    a.handle("wait", [](request<>) -> stream<int> {
      co_yield 1;
      co_await sleep_for(1h);
    });
  };
  worker_world w{serve, {.gateways = {g.worker_address()}, .capacity = 2}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "wait"));
  auto one = c.stream<int>("wait");
  auto two = c.stream<int>("wait");
  EXPECT_EQ(one.next(), 1);
  EXPECT_EQ(two.next(), 1);
  auto three = c.stream<int>("wait");
  try {
    three.next();
    FAIL() << "no error";
  } catch (const error& e) {
    EXPECT_EQ(e.code, 429);
  }
}

TEST(Worker, CallsGoToTheOneWithTheFewest) {
  gateway_world g{{}, 1};
  const auto serve = [](std::string name) {
    return [name](app& a) {
      a.handle("hold", [name](request<>) -> stream<std::string> {
        co_yield name;
        co_await sleep_for(1h);
      });
      a.handle("who", [name](request<>) { return name; });
    };
  };
  worker_world a{serve("a"), {.gateways = {g.worker_address()}, .name = "a"}};
  worker_world b{serve("b"), {.gateways = {g.worker_address()}, .name = "b"}};
  ASSERT_TRUE(g.log.wait_for("worker a serves"));
  ASSERT_TRUE(g.log.wait_for("worker b serves"));
  blocking_client c{g.url()};

  std::map<std::string, std::vector<blocking_stream<std::string>>> held;
  for (int i = 0; i < 6; ++i) {
    auto s = c.stream<std::string>("hold");
    const std::string name = s.next().value();
    held[name].push_back(std::move(s));
  }
  EXPECT_EQ(held["a"].size(), 3U);
  EXPECT_EQ(held["b"].size(), 3U);

  held["a"].clear();
  EXPECT_TRUE(eventually([&] { return c.call<std::string>("who") == "a"; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(c.call<std::string>("who"), "a");
}

TEST(Worker, TakesAnUploadNoFasterThanItsHandler) {
  gateway_options o;
  o.upload_items = 16;
  gateway_world g{o};
  std::atomic<int> come{0};
  std::atomic<bool> go{false};
  const auto serve = [&](app& a) {
    a.before_request_data([&](context&, bytes&) { ++come; });
    a.handle("slow", [&](streaming_request<int> in) -> task<int> {
      while (!go) co_await sleep_for(1ms);
      int n = 0;
      while (const auto i = co_await in.next()) ++n;
      co_return n;
    });
    a.handle("all_before", [&](request<>) { return come.load(); });
  };
  worker_world w{serve, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "slow"));
  auto up = c.upload<int, int>("slow");
  for (int i = 0; i < 500; ++i) up.write(i); // what the worker is not sent waits in the gateway
  ASSERT_TRUE(eventually([&] { return come >= 16; }));
  EXPECT_LE(c.call<int>("all_before"), 16 + 2); // with what opened it, and this call

  go = true;
  EXPECT_EQ(up.finish(), 500);
}

struct running_guard {
  explicit running_guard(std::atomic<int>& n) : count(n) { ++count; }
  running_guard(const running_guard&) = delete;
  ~running_guard() { --count; }
  std::atomic<int>& count;
};

TEST(Worker, HearsOfACancelOfItsClient) {
  gateway_world g;
  std::atomic<int> running{0};
  const auto serve = [&](app& a) {
    a.handle("forever", [&](request<>) -> stream<int> {
      const running_guard guard{running};
      co_yield 1;
      co_await sleep_for(1h);
    });
    a.handle("running", [&](request<>) { return running.load(); });
  };
  worker_world w{serve, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "forever"));
  auto items = c.stream<int>("forever");
  EXPECT_EQ(items.next(), 1);
  EXPECT_EQ(c.call<int>("running"), 1);

  items.cancel();

  EXPECT_TRUE(eventually([&] { return c.call<int>("running") == 0; }));
}

} // namespace
} // namespace swill
