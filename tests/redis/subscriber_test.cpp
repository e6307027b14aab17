#include "libswill/redis/subscriber.hpp"

#include "tests/redis/fixture.hpp"

namespace swill::redis {
namespace {

/// A subscriber that notes what it is told.
struct noting {
  noting(loop_thread& thread, options o) : t(thread) {
    t.on_loop([&] {
      s = std::make_unique<subscriber>(t.loop, std::move(o),
                                       subscriber_events{[this](std::string_view c, std::string_view p) {
                                                           messages.put(std::string{c} + "=" + std::string{p});
                                                         },
                                                         [this](std::string_view c) { confirmed.put(std::string{c}); },
                                                         [this](bool up) { states.put(up); }});
      s->start();
    });
  }
  ~noting() {
    box<bool> closed;
    t.on_loop([&] { s->close([&closed] { closed.put(true); }); });
    closed.take();
    t.on_loop([&] { s.reset(); });
  }
  void subscribe(const std::string& c) {
    t.on_loop([&] { s->subscribe(c); });
  }
  void unsubscribe(const std::string& c) {
    t.on_loop([&] { s->unsubscribe(c); });
  }

  loop_thread& t;
  std::unique_ptr<subscriber> s;
  box<std::string> messages;
  box<std::string> confirmed;
  box<bool> states;
};

TEST(RedisSubscriber, HearsWhatIsPublished) {
  test::redis_server server;
  loop_thread t;
  noting n{t, address_of(server.address())};

  n.subscribe("a"); // before there is a connection
  EXPECT_EQ(n.confirmed.take(), "a");
  n.subscribe("b");
  EXPECT_EQ(n.confirmed.take(), "b");
  EXPECT_EQ(server.ask("PUBLISH a one"), ":1\r\n");
  server.ask("PUBLISH b two");
  EXPECT_EQ(n.messages.take(), "a=one");
  EXPECT_EQ(n.messages.take(), "b=two");

  n.unsubscribe("a");
  n.subscribe("c"); // its confirmation comes after that of the unsubscription
  EXPECT_EQ(n.confirmed.take(), "c");
  EXPECT_EQ(server.ask("PUBLISH a three"), ":0\r\n");
}

TEST(RedisSubscriber, SubscribesAgainAfterARestart) {
  test::redis_server server;
  loop_thread t;
  noting n{t, address_of(server.address())};
  EXPECT_TRUE(n.states.take());
  for (int i = 0; i < 1500; ++i) n.subscribe("c" + std::to_string(i));
  for (int i = 0; i < 1500; ++i) n.confirmed.take();

  server.kill();
  EXPECT_FALSE(n.states.take());
  n.subscribe("while it was away");
  server.restart();

  EXPECT_TRUE(n.states.take());
  for (int i = 0; i < 1501; ++i) n.confirmed.take();
  EXPECT_EQ(server.ask("PUBLISH c1499 hello"), ":1\r\n");
  EXPECT_EQ(n.messages.take(), "c1499=hello");
}

TEST(RedisSubscriber, NoticesASilentServer) {
  test::redis_server server;
  loop_thread t;
  options o = address_of(server.address());
  o.liveness = 300ms;
  o.connect_timeout = 300ms;
  noting n{t, o};
  EXPECT_TRUE(n.states.take());
  n.subscribe("a");
  n.confirmed.take();

  server.stop_process();
  EXPECT_FALSE(n.states.take());
  server.continue_process();

  EXPECT_EQ(n.confirmed.take(), "a");
}

TEST(RedisSubscriber, StaysUpWhileNothingIsPublished) {
  test::redis_server server;
  loop_thread t;
  options o = address_of(server.address());
  o.liveness = 600ms;
  noting n{t, o};
  n.subscribe("a");
  n.confirmed.take();
  EXPECT_TRUE(n.states.take());

  // PINGs of many such intervals, seen by the server.
  const auto pings = [&] {
    const std::string all = server.ask("INFO commandstats");
    const std::size_t at = all.find("cmdstat_ping:calls=");
    return at == std::string::npos ? 0 : std::stoi(all.substr(at + 19));
  };
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (pings() < 8 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();

  EXPECT_GE(pings(), 8);
  EXPECT_TRUE(n.states.empty());
}

TEST(RedisSubscriber, WaitsLongerEachTimeThatSubscribingIsRefused) {
  test::redis_server server{{.users = {"user default off", "user ann on >secret ~* &* +@all -subscribe"}}};
  loop_thread t;
  options o = address_of("redis://ann:secret@127.0.0.1:" + std::to_string(server.port()));
  o.shortest_backoff = std::chrono::milliseconds{20};
  o.longest_backoff = std::chrono::milliseconds{160};
  noting n{t, o};
  n.subscribe("a");
  while (!n.states.take()) {
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int ups = 0; ups < 5;) ups += n.states.take() ? 1 : 0;

  // Half of 20, 40, 80, 160 and 160 ms at least.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{230});
}

} // namespace
} // namespace swill::redis
