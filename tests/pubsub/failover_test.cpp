#include "tests/pubsub/nodes.hpp"
#include "tests/support/patience.hpp"

// The name of a Redis moves from one server to another while nodes live.

namespace swill::test {
namespace {

struct PubsubFailover : testing::Test {
  redis_server one{quick_replication()};
  redis_server two{quick_replication()};
  std::shared_ptr<std::atomic<int>> named = std::make_shared<std::atomic<int>>(one.port());

  static redis_options quick_replication() {
    redis_options o;
    o.more = {"--repl-diskless-sync-delay", "0"};
    return o;
  }
  /// f() within 10 s.
  template <class F>
  static bool comes_true(F f) {
    for (int i = 0; i < 2000; ++i) {
      if (f()) return true;
      ::poll(nullptr, 0, 5);
    }
    return false;
  }
  std::shared_ptr<broker> by_name() const {
    redis_broker_options o;
    o.server = redis::options::parse("redis://the.name:6379").value();
    o.server.liveness = 500ms;
    o.server.look_up = [named = named](const std::string&) {
      return std::vector{"127.0.0.1:" + std::to_string(*named)};
    };
    return std::make_shared<redis_broker>(o);
  }
  /// `to` becomes the primary, `from` its replica, as a failover does it.
  void fail_over(redis_server& from, redis_server& to) {
    to.ask("REPLICAOF NO ONE");
    from.ask("REPLICAOF 127.0.0.1 " + std::to_string(to.port()));
    *named = to.port();
  }
};

TEST_F(PubsubFailover, PublishesAndSubscriptionsGoOn) {
  two.ask("REPLICAOF 127.0.0.1 " + std::to_string(one.port()));
  node n{by_name(), quick()}, other{by_name(), quick()};
  reader r{other, "t"};
  ASSERT_TRUE(n.publish("t", "a"));
  EXPECT_EQ(text(r.items.take()), "1:\"a\"");
  const auto has_got = [](redis_server& replica, int offset) {
    return comes_true([&] { return replica.ask("HGET swill:t:t o") == "$1\r\n" + std::to_string(offset) + "\r\n"; });
  };
  ASSERT_TRUE(has_got(two, 1));

  redis_server* primary = &one;
  redis_server* replica = &two;
  for (int round = 0; round < 2; ++round) {
    fail_over(*primary, *replica);
    std::swap(primary, replica);
    const auto refused = n.publish("t", "refused"); // unless it is connected to the right one already
    const auto before = std::chrono::steady_clock::now();
    ASSERT_TRUE(n.wait_up());
    EXPECT_LT(std::chrono::steady_clock::now() - before, patient(1s));
    ASSERT_TRUE(n.publish("t", "b"));
    if (refused) r.items.take();
    EXPECT_EQ(text(r.items.take()), std::to_string(2 + round) + ":\"b\"");
    ASSERT_TRUE(has_got(*replica, 2 + round));
  }
}

TEST_F(PubsubFailover, WhoListensAtAServerThatIsCutOffFindsOut) {
  pubsub_options o = quick();
  o.check_interval = 50s; // which would find out, too
  node n{by_name(), o};
  reader r{n, "t"};
  *named = two.port();
  one.ask("CLIENT KILL TYPE normal"); // the connection for commands, not the one that listens

  ASSERT_TRUE(n.wait_up());
  ASSERT_TRUE(comes_true([&] { return two.ask("PUBSUB NUMSUB swill:c:t").find(":1\r\n") != std::string::npos; }));
  const auto at = n.publish("t", "a");
  ASSERT_TRUE(at);
  for (value v = r.items.take(); text(v) != std::to_string(at->offset) + ":\"a\""; v = r.items.take()) {
  }
}

TEST_F(PubsubFailover, ASecondAddressOfTheNameIsTriedWhenTheFirstIsAReplica) {
  two.ask("REPLICAOF 127.0.0.1 " + std::to_string(one.port()));
  redis_broker_options o;
  o.server = redis::options::parse("redis://the.name:6379").value();
  o.server.look_up = [first = two.port(), second = one.port()](const std::string&) {
    return std::vector{"127.0.0.1:" + std::to_string(first), "127.0.0.1:" + std::to_string(second)};
  };
  node n{std::make_shared<redis_broker>(o), quick()};
  EXPECT_TRUE(n.publish("t", "a"));
}

} // namespace
} // namespace swill::test
