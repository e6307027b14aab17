#include "tests/pubsub/nodes.hpp"
#include "tests/support/patience.hpp"

#include <set>

// What nodes and their clients see while Redis is killed, stands still, or has lost its data, and afterwards.

namespace swill::test {
namespace {

TEST_F(PubsubNodes, WhoReadsHistoryGoesOnWhenRedisIsBack) {
  // It stops in its first page, and asks for the second while Redis is away.
  box<bool> stopped;
  std::atomic<bool> go{false};
  const auto setup = [&](app& a, const std::shared_ptr<pubsub>& bus) {
    a.handle("follow", [&, bus](request<position> r) -> stream<std::uint64_t> {
      auto feed = co_await bus->subscribe<int>("t", r.data());
      while (auto i = co_await feed.next()) {
        co_yield i->at().offset;
        if (i->at().offset != 2) continue;
        stopped.put(true);
        while (!go) co_await sleep_for(5ms);
      }
    });
  };
  node n{shared(), small_pages(), 2, setup};
  const auto first = n.publish("t", 1);
  ASSERT_TRUE(first);
  for (int i = 2; i <= 20; ++i) ASSERT_TRUE(n.publish("t", i));
  blocking_client c{n.url()};
  auto items = c.stream<std::uint64_t>("follow", position{first->epoch, 0});
  std::vector<std::uint64_t> seen;
  const auto read = [&](std::size_t until) {
    while (seen.size() < until) seen.push_back(items.next().value());
  };
  read(2);
  stopped.take();
  server.kill();
  while (n.bus->statistics().up) ::poll(nullptr, 0, 5);
  go = true;
  read(8); // what it has had of history
  server.restart();

  read(20);
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(seen[i], i + 1);
}

TEST_F(PubsubNodes, NothingIsLostOrDoubledWhenRedisIsKilledUnderLoad) {
  node one{shared(), quick()}, two{shared(), quick()};
  reader here{one, "t"}, there{two, "t"};
  std::set<std::string> acknowledged, tried;
  int number = 0;
  const auto publish_for = [&](std::chrono::milliseconds d) {
    const auto end = std::chrono::steady_clock::now() + d;
    while (std::chrono::steady_clock::now() < end) {
      const std::string id = "m" + std::to_string(++number);
      tried.insert(id);
      if (one.publish("t", id, id)) {
        acknowledged.insert(id);
        continue;
      }
      ::poll(nullptr, 0, 1);
      if (number % 2 == 0 && one.publish("t", id, id)) acknowledged.insert(id); // it may have been published before
    }
  };
  for (int round = 0; round < 3; ++round) {
    publish_for(100ms);
    std::thread killer{[this] {
      server.kill();
      server.restart();
    }};
    publish_for(200ms);
    killer.join();
    const auto back = std::chrono::steady_clock::now();
    ASSERT_TRUE(one.wait_up());
    ASSERT_TRUE(two.wait_up());
    EXPECT_LT(std::chrono::steady_clock::now() - back, patient(2s));
  }
  ASSERT_TRUE(one.publish("t", "end"));

  for (reader* r : {&here, &there}) {
    std::set<std::string> got;
    std::uint64_t offset = 0;
    for (;;) {
      const value v = r->items.take();
      ASSERT_EQ(swill::test::number(v.find("offset")), ++offset) << to_text(v);
      const std::string id = *v.find("data")->get_if<std::string>();
      if (id == "end") break;
      EXPECT_TRUE(got.insert(id).second) << id << " came twice";
      EXPECT_EQ(tried.count(id), 1U);
    }
    for (const std::string& id : acknowledged) EXPECT_EQ(got.count(id), 1U) << id << " was lost";
  }
  EXPECT_GT(acknowledged.size(), 10U);
}

TEST_F(PubsubNodes, SubscribersOfAWipedRedisAreTold) {
  node one{shared(), quick()};
  reader r{one, "t"};
  ASSERT_TRUE(one.publish("t", "a"));
  EXPECT_EQ(text(r.items.take()), "1:\"a\"");
  server.wipe();
  server.restart();
  const value notice = r.items.take();
  EXPECT_EQ(*notice.find("recovered"), value{false});
  EXPECT_NE(number(notice.find("epoch")), r.start.epoch);
  EXPECT_EQ(text(notice), "lost 0");
  ASSERT_TRUE(one.wait_up());
  ASSERT_TRUE(one.publish("t", "b"));
  EXPECT_EQ(text(r.items.take()), "1:\"b\"");
}

TEST_F(PubsubNodes, PresenceOutlivesAWipe) {
  pubsub_options o = quick();
  o.other_topics.presence = true;
  node one{shared(), o};
  reader r{one, "t"};
  blocking_client c{one.url()};
  const auto count = [&c] {
    const auto all = c.try_call<std::vector<presence_member>>("swill.presence", subscription("t"));
    return all ? all->size() : 99;
  };
  for (int i = 0; i < 1000 && count() != 1; ++i) ::poll(nullptr, 0, 5);
  EXPECT_EQ(count(), 1U);
  server.wipe();
  server.restart();
  ASSERT_TRUE(one.wait_up());
  for (int i = 0; i < 1000 && count() != 1; ++i) ::poll(nullptr, 0, 5);
  EXPECT_EQ(count(), 1U);
}

TEST_F(PubsubNodes, WhoLeavesWhileRedisIsAwayIsGoneWhenItIsBack) {
  pubsub_options o = quick();
  o.other_topics.presence = true;
  node one{shared(), o};
  blocking_client c{one.url()};
  const auto ids = [&c] {
    const auto all = c.try_call<std::vector<presence_member>>("swill.presence", subscription("t"));
    return all ? static_cast<int>(all->size()) : -1;
  };
  auto stays = std::make_unique<reader>(one, "t");
  auto leaves = std::make_unique<reader>(one, "t");
  for (int i = 0; i < 1000 && ids() != 2; ++i) ::poll(nullptr, 0, 5);
  ASSERT_EQ(ids(), 2);
  server.kill();
  for (int i = 0; i < 1000 && ids() != -1; ++i) ::poll(nullptr, 0, 5);
  leaves.reset();
  for (int i = 0; i < 1000 && one.bus->statistics().subscriptions != 1; ++i) ::poll(nullptr, 0, 5);
  server.restart();
  ASSERT_TRUE(one.wait_up());
  for (int i = 0; i < 1000 && ids() != 1; ++i) ::poll(nullptr, 0, 5);
  EXPECT_EQ(ids(), 1);
}

TEST_F(PubsubNodes, NewSubscriptionsFailWhileRedisStandsStill) {
  node one{shared(), quick()};
  reader before{one, "old"};
  server.stop_process();
  {
    blocking_client c{one.url()};
    std::vector<blocking_stream<value>> fresh;
    for (int i = 0; i < 4; ++i)
      fresh.push_back(c.stream<value>("swill.subscribe", subscription("new" + std::to_string(i))));
    for (auto& s : fresh) {
      std::int64_t code = 0;
      try {
        s.next();
      } catch (const error& e) {
        code = e.code;
      }
      EXPECT_EQ(code, 503);
    }
    EXPECT_EQ(c.try_call<value>("nothing", 1).error().code, 404); // the rest goes on
  }
  server.continue_process();
  ASSERT_TRUE(one.wait_up());
  reader after{one, "new0"};
  ASSERT_TRUE(one.publish("new0", "a"));
  EXPECT_EQ(text(after.items.take()), "1:\"a\"");
  ASSERT_TRUE(one.publish("old", "b"));
  EXPECT_EQ(text(before.items.take()), "1:\"b\"");
}

TEST_F(PubsubNodes, LocalCallsGoOnWithoutRedis) {
  node one{shared(), quick()};
  blocking_client c{one.url()};
  server.kill();
  const auto r = c.try_call<value>("swill.publish", message("t", 1));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, 503);
  EXPECT_EQ(c.try_call<value>("swill.publish", message("$all", 1)).error().code, 403);
  EXPECT_EQ(c.try_call<value>("nothing", 1).error().code, 404);
}

} // namespace
} // namespace swill::test
