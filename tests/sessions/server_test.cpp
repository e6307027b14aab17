#include "sessions/sessions.hpp"

#include "actors/runtime.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "libswill/server/test_client.hpp"
#include "sessions/redis/redis_store.hpp"
#include "tests/redis/fixture.hpp"
#include "tests/sessions/app.hpp"
#include "tests/support/patience.hpp"

#include <atomic>
#include <future>

// Sessions on sockets, several I/O threads, and a real Redis with its faults.

namespace swill {
namespace {

using namespace std::chrono_literals;

redis_session_options in(const test::redis_server& server) {
  redis_session_options o;
  o.server = redis::options::parse(server.address()).value();
  return o;
}

/// A node: an app with sessions, on a free port, with two I/O threads.
struct node {
  explicit node(session_backend b, const session_options& o = {})
      : all(std::make_shared<sessions>(o, std::move(b))), a(session_app(all)), s(a, options()) {
    s.start();
  }
  static server_options options() {
    server_options o;
    o.listen = {"127.0.0.1:0"};
    o.io_threads = 2;
    return o;
  }
  blocking_client connect(const std::string& token = {}) const {
    client_options o;
    if (!token.empty()) o.headers.emplace_back("Authorization", "Bearer " + token);
    return blocking_client{"ws://127.0.0.1:" + std::to_string(s.port()), o};
  }

  std::shared_ptr<sessions> all;
  app a;
  server s;
};

std::int64_t code_of(blocking_client& c, const std::string& rpc) {
  const auto r = c.try_call<int>(rpc);
  return r ? 0 : r.error().code;
}

/// Calls until it succeeds, for 10 s at most.
bool recovers(blocking_client& c, const std::string& rpc) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (code_of(c, rpc) == 0) return true;
  }
  return false;
}

/// Many connections to all loops of some nodes count in one session, each update against all others.
void count_together(const std::vector<node*>& nodes) {
  auto first = nodes.front()->connect();
  first.call<int>("visit");
  const auto token = first.call<std::string>("token");
  constexpr int rounds = 25;

  std::vector<std::future<void>> done;
  for (int i = 0; i < 4; ++i) {
    const node* n = nodes[static_cast<std::size_t>(i) % nodes.size()];
    done.push_back(std::async(std::launch::async, [n, token] {
      auto c = n->connect(token);
      for (int k = 0; k < rounds;) {
        if (c.try_call<int>("add", 1)) ++k; // 409 after session_options::update_attempts conflicts in a row
      }
    }));
  }
  for (auto& d : done) d.get();

  EXPECT_EQ(first.call<int>("peek"), 1 + 4 * rounds);
}

/// Waits until a node says that of its readiness, for 10 s at most.
bool says(node& n, const std::vector<std::string>& reasons) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (n.s.runtime().reasons_not_ready() != reasons) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST(SessionServer, IsNotReadyWhileRedisIsAway) {
  test::redis_server redis;
  node n{redis_sessions(in(redis))};
  EXPECT_TRUE(says(n, {}));

  redis.kill();
  EXPECT_TRUE(says(n, {"sessions: what keeps them cannot be reached"}));
  redis.restart();
  EXPECT_TRUE(says(n, {}));

  node in_memory{memory_sessions()};
  EXPECT_TRUE(says(in_memory, {}));
}

TEST(SessionServer, LosesNoUpdateBetweenLoopsInMemory) {
  node n{memory_sessions()};
  count_together({&n});
}

TEST(SessionServer, LosesNoUpdateBetweenNodesOnRedis) {
  test::redis_server redis;
  node one{redis_sessions(in(redis))};
  node two{redis_sessions(in(redis))};
  count_together({&one, &two});
}

/// Calls `rpc` that often at the same time, over one connection to each of the nodes; how many have failed.
template <class Argument>
int failures_of(const std::vector<node*>& nodes, const std::string& token, int calls, const std::string& rpc,
                Argument argument) {
  std::vector<std::unique_ptr<blocking_client>> clients;
  for (const node* n : nodes) clients.push_back(std::make_unique<blocking_client>(n->connect(token)));
  std::vector<std::future<bool>> done;
  for (int i = 0; i < calls; ++i) {
    blocking_client& c = *clients[static_cast<std::size_t>(i) % clients.size()];
    done.push_back(std::async(std::launch::async,
                              [&c, &rpc, data = argument(i)] { return c.try_call<value>(rpc, data).has_value(); }));
  }
  int failed = 0;
  for (auto& d : done) failed += d.get() ? 0 : 1;
  return failed;
}

TEST(SessionServer, FailsNoneOfManyParallelUpdatesOverThreeNodes) {
  test::redis_server redis;
  node one{redis_sessions(in(redis))};
  node two{redis_sessions(in(redis))};
  node three{redis_sessions(in(redis))};
  auto c = one.connect();
  c.call<int>("visit");
  const auto token = c.call<std::string>("token");

  EXPECT_EQ(failures_of({&one, &two, &three}, token, 120, "add", [](int) { return 1; }), 0);

  EXPECT_EQ(c.call<int>("peek"), 121);
}

TEST(SessionServer, LetsOthersUpdateWhenOneThatWaitsIsCancelled) {
  test::redis_server redis;
  node n{redis_sessions(in(redis))};
  auto c = n.connect();
  c.call<int>("visit");
  const auto add = [&c](std::chrono::milliseconds timeout) {
    return std::async(std::launch::async, [&c, timeout] {
      const auto r = c.try_call<int>("add", 1, timeout);
      return r ? 0 : static_cast<int>(r.error().code);
    });
  };

  redis.stop_process(); // what begins now waits
  auto first = add(20s);
  auto impatient = add(50ms);
  auto last = add(20s);
  EXPECT_EQ(impatient.get(), 408);
  redis.continue_process();

  const int ends[] = {first.get(), last.get()}; // 503 where this machine took a second
  ASSERT_TRUE(recovers(c, "peek"));
  EXPECT_GE(c.call<int>("peek"), 1 + (ends[0] == 0) + (ends[1] == 0));
  EXPECT_EQ(code_of(c, "visit"), 0);
}

TEST(SessionServer, UpdatesOfOneNodeTakeTurns) {
  test::redis_server redis;
  std::atomic<int> runs{0};
  app a = session_app(std::make_shared<sessions>(session_options{}, redis_sessions(in(redis))));
  a.handle("counted", [&runs](request<> r) -> task<void> {
    session& s = co_await r.context().session();
    const auto add = [&runs](session& one) {
      ++runs;
      one.set("visits", one.get<int>("visits").value_or(0) + 1);
    };
    co_await s.update(add);
  });
  server s{a, node::options()};
  s.start();
  client_options o;
  const std::string url = "ws://127.0.0.1:" + std::to_string(s.port());
  blocking_client first{url};
  first.call<int>("visit");
  o.headers.emplace_back("Authorization", "Bearer " + first.call<std::string>("token"));
  blocking_client c{url, o};
  constexpr int calls = 60;

  std::vector<std::future<bool>> done;
  for (int i = 0; i < calls; ++i)
    done.push_back(std::async(std::launch::async, [&c] { return c.try_call<value>("counted").has_value(); }));
  for (auto& d : done) EXPECT_TRUE(d.get());

  EXPECT_EQ(first.call<int>("peek"), calls + 1);
  EXPECT_LE(runs, 2 * calls); // once on what was loaded before, and once when it has its turn
}

TEST(SessionServer, FailsNoneOfManyParallelUpdatesInMemory) {
  node n{memory_sessions()};
  auto c = n.connect();
  c.call<int>("visit");
  const auto token = c.call<std::string>("token");

  EXPECT_EQ(failures_of({&n, &n}, token, 60, "add", [](int) { return 1; }), 0);

  EXPECT_EQ(c.call<int>("peek"), 61);
}

TEST(SessionServer, FailsNoneOfManyParallelChangesOfDifferentNames) {
  test::redis_server redis;
  node one{redis_sessions(in(redis))};
  node two{redis_sessions(in(redis))};
  node alone{memory_sessions()};
  for (const auto& nodes : {std::vector<node*>{&one, &two}, std::vector<node*>{&alone}}) {
    auto c = nodes.front()->connect();
    c.call("set", std::pair{std::string{"first"}, 1});
    const auto token = c.call<std::string>("token");
    const auto name = [](int i) { return std::pair{std::to_string(i), i}; };

    EXPECT_EQ(failures_of(nodes, token, 100, "set", name), 0);

    const auto all = c.call<std::map<std::string, int>>("values");
    EXPECT_EQ(all.size(), 101U);
    EXPECT_EQ(all.at("99"), 99);
  }
}

TEST(SessionServer, KnowsASessionOnEveryNode) {
  test::redis_server redis;
  node one{redis_sessions(in(redis))};
  node two{redis_sessions(in(redis))};
  auto c = one.connect();
  c.call<int>("visit");
  const auto before = c.call<std::string>("token");
  const auto token = c.call<std::string>("login", std::string{"ann"});

  auto there = two.connect(token);
  EXPECT_EQ(there.call<int>("visit"), 2);
  EXPECT_EQ(there.call<std::vector<std::string>>("who"), (std::vector<std::string>{"ann", "ann"}));
  EXPECT_EQ(c.call<int>("peek"), 2);
  EXPECT_EQ(two.connect(before).call<int>("peek"), 0) << "the id from before the login is dead";
  EXPECT_EQ(there.call<int>("end_all_of", std::string{"ann"}), 1);
  EXPECT_EQ(c.call<int>("peek"), 0);
}

TEST(SessionServer, KeepsSessionsThroughAKilledRedis) {
  test::redis_server redis{{.append_only = true}};
  node n{redis_sessions(in(redis))};
  auto c = n.connect();
  int visits = c.call<int>("visit");
  const auto token = c.call<std::string>("token");

  for (int round = 0; round < 2; ++round) {
    redis.kill();
    const auto before = std::chrono::steady_clock::now();
    const auto failed = c.try_call<int>("visit");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, 503);
    EXPECT_NE(failed.error().data.find("retryable"), nullptr);
    EXPECT_EQ(c.call<int>("plain", 7), 7) << "requests without session go on";
    auto during = n.connect(token); // so does connecting
    EXPECT_EQ(during.call<int>("plain", 8), 8);
    EXPECT_EQ(code_of(during, "peek"), 503);
    EXPECT_LT(std::chrono::steady_clock::now() - before, patient(2s));

    redis.restart();
    ASSERT_TRUE(recovers(c, "peek"));
    EXPECT_EQ(c.call<int>("visit"), ++visits);
    ASSERT_TRUE(recovers(during, "peek")); // it may be on the other loop, which has its own connection to Redis
    EXPECT_EQ(during.call<int>("peek"), visits) << "its token was looked at again";
  }
}

TEST(SessionServer, AnswersInTimeWhileRedisStandsStill) {
  test::redis_server redis;
  node n{redis_sessions(in(redis))};
  auto c = n.connect();
  c.call<int>("visit");

  redis.stop_process();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of(c, "visit"), 503);
  EXPECT_EQ(c.call<int>("plain", 7), 7);
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(5s));
  const auto again = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of(c, "visit"), 503);
  EXPECT_LT(std::chrono::steady_clock::now() - again, patient(500ms)) << "now it is known";

  redis.continue_process();
  EXPECT_TRUE(recovers(c, "peek"));
}

TEST(SessionServer, StartsWithoutRedis) {
  test::redis_server redis;
  redis.kill();
  node n{redis_sessions(in(redis))};
  auto c = n.connect();

  EXPECT_EQ(c.call<int>("plain", 7), 7);
  EXPECT_EQ(code_of(c, "visit"), 503);
  redis.restart();
  EXPECT_TRUE(recovers(c, "visit"));
}

TEST(SessionServer, NeedsSocketsForRedis) {
  app a;
  a.set_log({});
  a.use(std::make_shared<sessions>(session_options{}, redis_sessions({})));
  test_server s;

  EXPECT_THROW(s.serve(a), error);
}

} // namespace
} // namespace swill
