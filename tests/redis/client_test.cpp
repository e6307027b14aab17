#include "libswill/redis/client.hpp"

#include "libswill/base/manual_loop.hpp"
#include "tests/redis/fixture.hpp"
#include "tests/support/patience.hpp"

#include <atomic>
#include <future>

namespace swill::redis {
namespace {

using test::redis_server;

TEST(RedisClient, AnswersInOrder) {
  redis_server server;
  loop_thread t;
  driven_client c{t, address_of(server.address())};
  c.up();

  EXPECT_EQ(c.ask({"SET", "a", std::string("x\0\r\ny", 5)}), "OK");
  EXPECT_EQ(c.ask({"GET", "a"}), std::string("x\0\r\ny", 5));
  EXPECT_EQ(c.ask({"INCR", "n"}), "1");
  EXPECT_EQ(c.ask({"GET", "nothing"}), "");

  std::vector<std::int64_t> seen;
  box<bool> last;
  t.on_loop([&] {
    for (int i = 0; i < 1000; ++i)
      c.get().command({"INCR", "n"}, [&](result<reply> r) { seen.push_back(r->integer()); });
    c.get().command({"PING"}, [&](result<reply>) { last.put(true); });
  });
  last.take();
  ASSERT_EQ(seen.size(), 1000U);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<std::int64_t>(i + 2));
}

TEST(RedisClient, GivesArraysAndErrors) {
  redis_server server;
  loop_thread t;
  driven_client c{t, address_of(server.unix_address())};
  c.up();
  box<result<reply>> answer;

  c.ask({"MSET", "a", "1", "b", "2"});
  t.on_loop([&] { c.get().command({"MGET", "a", "none", "b"}, [&](result<reply> r) { answer.put(std::move(r)); }); });
  const auto all = answer.take();
  EXPECT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].text(), "1");
  EXPECT_TRUE((*all)[1].is_nil());
  EXPECT_TRUE((*all)[3].is_nil());

  t.on_loop([&] { c.get().command({"INCR", "a", "b"}, [&](result<reply> r) { answer.put(std::move(r)); }); });
  const auto refusal = answer.take();
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, 500);
  const auto* said = refusal.error().data.find<std::string>("redis");
  EXPECT_TRUE(said != nullptr && said->starts_with("ERR"));
}

TEST(RedisClient, LogsInAndSelects) {
  redis_server server{{.users = {"user default off", "user ann on >secret ~* &* +@all"}}};
  loop_thread t;
  options o = address_of("redis://ann:secret@127.0.0.1:" + std::to_string(server.port()) + "/5");

  {
    driven_client c{t, o};
    EXPECT_EQ(c.up().ask({"ACL", "WHOAMI"}), "ann");
    EXPECT_NE(c.ask({"CLIENT", "INFO"}).find(" db=5 "), std::string::npos);
  }
  o.password = "wrong";
  driven_client refused{t, o};
  EXPECT_FALSE(refused.states.take());
  EXPECT_EQ(refused.code_of({"PING"}), 503);
}

TEST(RedisClient, KnowsThatAPasswordIsMissing) {
  redis_server server{{.password = "secret"}};
  loop_thread t;

  driven_client without{t, address_of("redis://127.0.0.1:" + std::to_string(server.port()))};
  EXPECT_FALSE(without.states.take());

  driven_client with{t, address_of(server.address())};
  EXPECT_EQ(with.up().ask({"ECHO", "hi"}), "hi");
}

TEST(RedisClient, FindsAHostByItsName) {
  redis_server server;
  loop_thread t;
  driven_client c{t, address_of("redis://localhost:" + std::to_string(server.port()))};

  EXPECT_EQ(c.up().ask({"ECHO", "hi"}), "hi");
}

TEST(RedisClient, TriesTheNextAddressOfANameWhileTheFirstSaysNothing) {
  redis_server deaf;
  redis_server server;
  loop_thread t;
  deaf.stop_process(); // its kernel connects, and nobody answers
  options o = address_of("redis://name:1");
  o.connect_timeout = 200ms;
  o.look_up = [first = deaf.port(), second = server.port()](const std::string& name) {
    EXPECT_EQ(name, "name:1");
    return std::vector{"127.0.0.1:" + std::to_string(first), "127.0.0.1:" + std::to_string(second)};
  };

  driven_client c{t, o};

  EXPECT_EQ(c.up().ask({"ECHO", "hi"}), "hi");
}

TEST(RedisClient, WaitsForNoNameServerWhenItIsClosed) {
  const auto hanging = std::make_shared<std::promise<void>>(); // with the look-up's thread, which ends last
  const auto asked = std::make_shared<std::promise<void>>();
  options o = address_of("redis://name:1");
  o.look_up = [asked, end = hanging->get_future().share()](const std::string&) -> std::vector<std::string> {
    asked->set_value();
    end.wait();
    return {};
  };
  {
    loop_thread t;
    driven_client c{t, o};
    asked->get_future().wait();
  } // and not before the look-up has ended
  hanging->set_value();
}

TEST(RedisClient, FailsFastWhileThereIsNoServer) {
  redis_server server;
  loop_thread t;
  server.kill();
  driven_client c{t, address_of(server.address())};

  EXPECT_FALSE(c.states.take());
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(c.code_of({"PING"}), 503);
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(500ms));

  server.restart();
  EXPECT_EQ(c.up().ask({"ECHO", "back"}), "back");
}

TEST(RedisClient, FailsWhatIsUnderWayWhenTheServerIsKilledAndComesBack) {
  redis_server server{{.append_only = true}};
  loop_thread t;
  driven_client c{t, address_of(server.address())};
  c.up();

  for (int round = 0; round < 3; ++round) {
    std::atomic<int> good{0};
    std::atomic<int> failed{0};
    box<bool> broken;
    // One command after another until one fails.
    std::function<void()> next = [&] {
      c.get().command({"INCR", "n"}, [&](result<reply> r) {
        if (!r) {
          ++failed;
          EXPECT_EQ(r.error().code, 503);
          EXPECT_NE(r.error().data.find("retryable"), nullptr);
          return broken.put(true);
        }
        if (++good == 50) server.kill(); // blocks this thread for a moment: the test's business
        next();
      });
    };
    t.on_loop(next);
    broken.take();
    EXPECT_EQ(failed, 1);
    EXPECT_FALSE(c.states.take());

    server.restart();
    c.up();
    const int count = std::stoi(c.ask({"GETDEL", "n"}));
    EXPECT_GE(count, good);     // what was answered is there
    EXPECT_LE(count, good + 1); // and nothing was sent twice
  }
}

TEST(RedisClient, GivesUpWaitingForAServerThatStandsStill) {
  redis_server server;
  loop_thread t;
  options o = address_of(server.address());
  o.command_timeout = 200ms;
  o.connect_timeout = 200ms;
  driven_client c{t, o};
  c.up();

  server.stop_process();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(c.code_of({"PING"}), 503);
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(2s));
  EXPECT_FALSE(c.states.take());
  EXPECT_EQ(c.code_of({"PING"}), 503);

  server.continue_process();
  EXPECT_EQ(c.up().ask({"ECHO", "back"}), "back");
}

TEST(RedisClient, NoticesASilentServerWithoutCommands) {
  redis_server server;
  loop_thread t;
  options o = address_of(server.address());
  o.liveness = 300ms;
  o.connect_timeout = 300ms;
  driven_client c{t, o};
  c.up();

  server.stop_process();

  EXPECT_FALSE(c.states.take());
  server.continue_process();
  c.up();
}

TEST(RedisClient, BoundsWhatWaits) {
  redis_server server;
  loop_thread t;
  options o = address_of(server.address());
  o.queued_commands = 3;
  driven_client c{t, o};
  c.up();
  std::vector<std::int64_t> codes;
  box<bool> last;

  t.on_loop([&] {
    const auto note = [&](result<reply> r) {
      codes.push_back(r ? 0 : r.error().code);
      if (codes.size() == 4) last.put(true);
    };
    for (int i = 0; i < 4; ++i) c.get().command({"PING"}, note);
    EXPECT_EQ(c.get().waiting(), 3U);
  });
  last.take();

  EXPECT_EQ(codes, (std::vector<std::int64_t>{503, 0, 0, 0})); // the fourth fails at once
  EXPECT_EQ(c.ask({"ECHO", "again"}), "again");
}

TEST(RedisClient, FailsWhatWaitsWhenItIsClosed) {
  redis_server server;
  loop_thread t;
  std::unique_ptr<client> c;
  box<bool> up;
  box<std::int64_t> code;
  t.on_loop([&] {
    c = std::make_unique<client>(t.loop, address_of(server.address()));
    c->on_state([&up](bool is_up) { up.put(is_up); });
    c->start();
  });
  ASSERT_TRUE(up.take());

  t.on_loop([&] {
    c->command({"PING"}, [&code](result<reply> r) { code.put(r ? 0 : r.error().code); });
    c.reset();
  });

  EXPECT_EQ(code.take(), 503);
}

TEST(RedisClient, NeedsALoopWithSockets) {
  manual_loop l;
  EXPECT_THROW((client{l, {}}), error);
}

} // namespace
} // namespace swill::redis
