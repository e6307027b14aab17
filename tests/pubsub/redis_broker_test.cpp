#include "pubsub/redis/redis_broker.hpp"

#include "libswill/redis/subscriber.hpp"
#include "tests/pubsub/broker_contract.hpp"
#include "tests/support/patience.hpp"

#include <poll.h>
#include <thread>

namespace swill::test {
namespace {

using strings = std::vector<std::string>;

/// Two nodes, and a Redis that a test may kill.
struct RedisBroker : testing::Test {
  redis_server server{redis_options{.append_only = true}};
  redis_backend backend;
  pubsub_options quick = [] {
    pubsub_options o;
    o.heartbeat = 50ms;
    o.node_lease = 300ms;
    o.check_interval = 100ms;
    return o;
  }();
  std::unique_ptr<driven_broker> make(const std::string& node, pubsub_options o) {
    return backend.make_at(server, std::move(o), node);
  }
  std::unique_ptr<driven_broker> make(const std::string& node) { return make(node, pubsub_options{}); }

  /// f() within 10 s.
  template <class F>
  static bool comes_true(F f) {
    for (int i = 0; i < 1000; ++i) {
      if (f()) return true;
      ::poll(nullptr, 0, 10);
    }
    return false;
  }
};

TEST_F(RedisBroker, NodesShareTopics) {
  auto one = make("n1"), two = make("n2");
  one->subscribe("t");
  two->subscribe("t");
  const position a = one->publish("t", "a");
  const position b = two->publish("t", "b");

  EXPECT_EQ(b, (position{a.epoch, 2}));
  for (auto* n : {one.get(), two.get()}) {
    EXPECT_EQ(n->published.take()->at(), a);
    EXPECT_EQ(n->published.take()->at(), b);
  }
  EXPECT_EQ(two->history("t", a).items.size(), 1U);
  EXPECT_EQ(two->publish("t", "c", "k"), one->publish("t", "c", "k"));
}

TEST_F(RedisBroker, TracesGoFromNodeToNode) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  auto one = make("n1"), two = make("n2");
  two->subscribe("t");
  const position at = one->publish("t", "a", {}, trace);

  EXPECT_EQ(two->published.take()->trace(), trace);
  EXPECT_EQ(two->history("t", {at.epoch, 0}).items.at(0)->trace(), trace);
}

/// Nodes of the version before know of no traces: they read numbers up to what is none, and the fields of an entry by their order.
TEST_F(RedisBroker, TracesStandWhereNodesThatKnowOfNoneDoNotLook) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  auto one = make("n1");
  one->subscribe("t");
  box<std::string> heard;
  loop_thread thread;
  redis::subscriber_events events;
  events.on_message = [&heard](std::string_view, std::string_view payload) { heard.put(std::string{payload}); };
  box<bool> listens;
  events.on_subscribed = [&listens](std::string_view) { listens.put(true); };
  const auto settings = redis::options::parse(server.address()).value();
  std::unique_ptr<redis::subscriber> s;
  thread.on_loop([&] {
    s = std::make_unique<redis::subscriber>(thread.loop, settings, std::move(events));
    s->subscribe(backend.prefix + "c:t");
    s->start();
  });
  listens.take();

  const position at = one->publish("t", 7, {}, trace);
  const std::string payload = heard.take();
  // As such a node writes it.
  server.ask("PUBLISH " + backend.prefix + "c:t \"" + std::to_string(at.epoch) + " 2 \\x08\"");
  thread.on_loop([&] { s.reset(); });

  EXPECT_EQ(payload, std::to_string(at.epoch) + " 1/" + trace + " \x07");
  EXPECT_EQ(one->published.take()->trace(), trace);
  const publication_ptr old = one->published.take();
  EXPECT_EQ(old->at(), (position{at.epoch, 2}));
  EXPECT_EQ(unpacked(old->data()), value{8});
  EXPECT_EQ(old->trace(), "");
  EXPECT_NE(server.ask("XRANGE " + backend.prefix + "h:t - +").find("$1\r\nd\r\n$1\r\n\x07\r\n$1\r\nw\r\n"),
            std::string::npos);
  EXPECT_EQ(server.ask("HGET " + backend.prefix + "t:t o"), "$1\r\n1\r\n");
}

TEST_F(RedisBroker, OwnMessagesComeOnceAndInOrderAmongThoseOfOthers) {
  constexpr std::uint64_t each = 300;
  auto one = make("n1"), two = make("n2");
  one->subscribe("t");
  two->subscribe("t");
  std::thread other{[&] {
    for (std::uint64_t i = 0; i < each; ++i) two->publish("t", "b");
  }};
  for (std::uint64_t i = 0; i < each; ++i) one->publish("t", "a");
  other.join();

  for (auto* n : {one.get(), two.get()}) {
    for (std::uint64_t offset = 1; offset <= 2 * each; ++offset) ASSERT_EQ(n->published.take()->at().offset, offset);
  }
  const position last = one->publish("t", "end");
  EXPECT_EQ(one->published.take()->at(), last);
  EXPECT_EQ(two->published.take()->at(), last);
}

TEST_F(RedisBroker, WhatWasPublishedBeforeUnderAKeyIsNotTakenForAnother) {
  auto one = make("n1");
  one->subscribe("t");
  const position first = one->publish("t", "a");
  // As if another node had used this key a moment ago, and its message were still on its way.
  const std::string next = std::to_string(first.epoch) + " 2";
  server.ask("SET \"" + backend.prefix + "k:t key\" \"" + next + "\"");
  EXPECT_EQ(one->publish("t", "another", "key"), (position{first.epoch, 2}));
  EXPECT_EQ(one->publish("t", "b"), (position{first.epoch, 2}));

  EXPECT_EQ(unpacked(one->published.take()->data()), value{"a"});
  EXPECT_EQ(unpacked(one->published.take()->data()), value{"b"});
}

TEST_F(RedisBroker, KeysOfATopicInUseLiveOn) {
  pubsub_options o;
  o.other_topics.history_age = 400ms;
  o.other_topics.forget_after = 400ms;
  auto one = make("n1", o);
  const position at = one->publish("t", "a");
  const auto end = std::chrono::steady_clock::now() + 1200ms;
  position last;
  while (std::chrono::steady_clock::now() < end) last = one->publish("t", "b");
  EXPECT_EQ(last.epoch, at.epoch);
  EXPECT_EQ(one->history("t", {last.epoch, last.offset - 1}).items.size(), 1U);
}

/// As if what was published last had not been written to its disk when Redis ended.
void roll_back(redis_server& server, const std::string& prefix, const std::string& topic, int offset) {
  server.ask("HSET " + prefix + "t:" + topic + " o " + std::to_string(offset));
  for (int o = offset + 1; o <= 10; ++o) server.ask("XDEL " + prefix + "h:" + topic + " " + std::to_string(o) + "-0");
  server.ask("XSETID " + prefix + "h:" + topic + " " + std::to_string(offset) +
             "-0"); // so that offsets could be given again
  server.restart();
}

TEST_F(RedisBroker, WhatThisNodeHasAnsweredIsNotAnsweredAgainWhenRedisHasLostIt) {
  auto one = make("n1"); // listens to nothing
  position last;
  for (int i = 0; i < 10; ++i) last = one->publish("t", i);
  roll_back(server, backend.prefix, "t", 7);
  while (!one->states.take()) {
  }

  const position next = one->publish("t", "other");
  EXPECT_NE(next.epoch, last.epoch);
  const auto page = one->history("t", last);
  EXPECT_EQ(page.top, next); // of another epoch than `last`: recovered: false
  EXPECT_EQ(page.items.size(), 1U);
}

TEST_F(RedisBroker, WhatAPageOfHistoryHasToldCountsAsSeen) {
  auto one = make("n1");
  position last;
  for (int i = 0; i < 10; ++i) last = one->publish("t", i);
  auto two = make("n2");
  EXPECT_EQ(two->history("t", {}).top, last);
  one.reset();
  roll_back(server, backend.prefix, "t", 7);
  while (!two->states.take()) {
  }
  EXPECT_NE(two->publish("t", "other").epoch, last.epoch);
}

TEST_F(RedisBroker, WhatASubscriberWasToldAtItsBeginningCountsAsSeen) {
  auto one = make("n1");
  position last;
  for (int i = 0; i < 10; ++i) last = one->publish("t", i);
  auto two = make("n2");
  EXPECT_EQ(two->subscribe("t").top, last);
  one.reset();
  roll_back(server, backend.prefix, "t", 7);
  while (!two->states.take()) {
  }
  EXPECT_NE(two->publish("t", "other").epoch, last.epoch);
}

TEST_F(RedisBroker, WhatASubscriberHasHeardCountsAsSeen) {
  auto two = make("n2");
  two->subscribe("t");
  auto one = make("n1");
  position last;
  for (int i = 0; i < 10; ++i) last = one->publish("t", i);
  while (two->published.take()->at() != last) {
  }
  one.reset();
  roll_back(server, backend.prefix, "t", 7);
  while (!two->states.take()) {
  }
  EXPECT_NE(two->publish("t", "other").epoch, last.epoch);
}

TEST_F(RedisBroker, AClientThatIsAheadProvesThatRedisHasLostSomethingOnce) {
  auto one = make("n1");
  position last;
  for (int i = 0; i < 10; ++i) last = one->publish("t", i);
  one.reset(); // nobody lives who knows
  roll_back(server, backend.prefix, "t", 7);
  auto two = make("n2");

  const auto page = two->history("t", last);
  EXPECT_NE(page.top.epoch, last.epoch);
  EXPECT_EQ(page.top.offset, 0U);
  const position next = two->publish("t", "a");
  EXPECT_EQ(next, (position{page.top.epoch, 1}));
  // Who has heard of the new epoch cannot have it thrown away again.
  EXPECT_EQ(two->history("t", {next.epoch, 1000}).top, next);
}

TEST_F(RedisBroker, NothingStaysOfATopicThatSomebodyOnlyListenedTo) {
  pubsub_options o = quick;
  o.check_interval = 50ms;
  auto one = make("n1", o);
  const position at = one->subscribe("t").top;
  const std::string key = backend.prefix + "t:t";
  EXPECT_EQ(at.offset, 0U);
  // It is kept as long as somebody listens.
  const auto end = std::chrono::steady_clock::now() + 400ms;
  while (std::chrono::steady_clock::now() < end) {
    one->positions.take();
    EXPECT_EQ(server.ask("EXISTS " + key), ":1\r\n");
  }
  one->unsubscribe("t");

  EXPECT_TRUE(comes_true([&] { return server.ask("EXISTS " + key) == ":0\r\n"; }));
  EXPECT_EQ(one->subscribe("t").top, at); // whoever waited at its beginning has missed nothing
  EXPECT_EQ(one->publish("t", "a"), (position{at.epoch, 1}));
  one->unsubscribe("t");
  EXPECT_EQ(server.ask("EXISTS " + key), ":1\r\n");
  EXPECT_NE(server.ask("PTTL " + key).size(), 0U);
}

TEST_F(RedisBroker, AnEmptyTopicKeepsItsEpochWhenRedisIsAwayForLongerThanItIsKept) {
  auto one = make("n1", quick);
  const position at = one->subscribe("t").top;
  server.kill();
  while (one->states.take()) {
  }
  ::poll(nullptr, 0, 400); // the key has expired when Redis is back
  server.restart();
  while (!one->states.take()) {
  }
  EXPECT_EQ(one->publish("t", "a"), (position{at.epoch, 1}));
}

TEST(RedisBrokerRights, WithoutChannelsItDoesNotPublish) {
  redis_server server{{.users = {"user default on nopass ~* &* +@all", "user ann on >secret ~* resetchannels +@all"}}};
  box<std::string> log;
  redis_broker_options r;
  r.server = redis::options::parse("redis://ann:secret@127.0.0.1:" + std::to_string(server.port())).value();
  driven_broker b{std::make_shared<redis_broker>(r), {}, "n1", [&log](const log_entry& e) {
                    if (e.level >= log_level::warning) log.put(std::string{e.text});
                  }};

  const std::string line = log.take();
  EXPECT_NE(line.find("NOPERM its user may not use PUBLISH ("), std::string::npos) << line;
  EXPECT_EQ(b.try_publish("t", 1).error().code, 503);
  EXPECT_EQ(server.ask("EXISTS swill:t:t"), ":0\r\n");

  server.ask("ACL SETUSER ann allchannels");
  EXPECT_TRUE(b.states.take());
  EXPECT_EQ(b.publish("t", 1).offset, 1U);
  // The message is there when PUBLISH is refused: whether, the caller does not know.
  server.ask("ACL SETUSER ann -publish");
  const auto open = b.try_publish("t", 2);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, 503);
  EXPECT_FALSE(b.states.take());
}

TEST(RedisBrokerErrors, AreOneLineASecond) {
  redis_server server{{.more = {"--maxmemory", "1"}}};
  box<std::string> log;
  redis_broker_options r;
  r.server = redis::options::parse(server.address()).value();
  {
    driven_broker b{std::make_shared<redis_broker>(r), {}, "n1", [&log](const log_entry& e) {
                      if (e.level >= log_level::warning) log.put(std::string{e.text} + std::string{e.trace});
                    }};
    EXPECT_TRUE(b.states.take()); // that passes
    for (int i = 0; i < 200; ++i) {
      const auto refused = b.try_publish("t", i, {}, "4bf92f3577b34da6a3ce929d0e0e4736");
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, 503);
    }
  }
  EXPECT_EQ(log.take().substr(0, 26), "topics: Redis answered OOM"); // the node's own sign of life
  std::string last;
  std::size_t lines = 1;
  while (!log.empty()) {
    last = log.take();
    EXPECT_NE(last.find(" like it)"), std::string::npos);
    ++lines;
  }
  EXPECT_LT(lines, 20U);                                                   // one for each second, and the last; not 200
  EXPECT_TRUE(last.ends_with("4bf92f3577b34da6a3ce929d0e0e4736")) << last; // of whoever published
}

TEST_F(RedisBroker, SubscribesOnlyToWhatIsWanted) {
  auto one = make("n1");
  one->subscribe("t");
  one->publish("u", "a");
  EXPECT_NE(server.ask("PUBSUB NUMSUB " + backend.prefix + "c:t").find(":1"), std::string::npos);
  EXPECT_NE(server.ask("PUBSUB NUMSUB " + backend.prefix + "c:u").find(":0"), std::string::npos);
  one->unsubscribe("t");
  EXPECT_TRUE(comes_true(
      [&] { return server.ask("PUBSUB NUMSUB " + backend.prefix + "c:t").find(":0") != std::string::npos; }));
}

TEST_F(RedisBroker, WhatIsTooOldIsNotInHistory) {
  pubsub_options o;
  o.other_topics.history_age = 200ms;
  auto one = make("n1", o);
  const position at = one->publish("t", "a");
  ASSERT_TRUE(comes_true([&] { return one->history("t", {at.epoch, 0}).items.empty(); }));
  EXPECT_EQ(one->history("t", {at.epoch, 0}).top, at);
  EXPECT_EQ(one->publish("t", "b"), (position{at.epoch, 2}));
}

TEST_F(RedisBroker, TopicsAreForgotten) {
  pubsub_options o;
  o.other_topics.history_age = 100ms;
  o.other_topics.forget_after = 100ms;
  o.key_age = 100ms;
  auto one = make("n1", o);
  const position at = one->publish("t", "a", "key");
  ASSERT_TRUE(comes_true([&] { return server.ask("KEYS " + backend.prefix + "?:t*").starts_with("*0"); }));
  EXPECT_NE(one->publish("t", "a").epoch, at.epoch);
}

TEST_F(RedisBroker, ATopicWithSubscribersIsNotForgotten) {
  pubsub_options o = quick;
  o.other_topics.history_age = 300ms;
  o.other_topics.forget_after = 300ms;
  auto one = make("n1", o);
  const position at = one->subscribe("t").top;
  ASSERT_TRUE(comes_true([&] { // three times as long
    one->publish("clock", "tick");
    return one->history("clock", {}).top.offset >= 3 && one->publish("waits", "x").offset >= 50;
  }));
  EXPECT_EQ(one->publish("t", "a").epoch, at.epoch);
}

TEST_F(RedisBroker, WhileRedisIsAwayEverythingFailsFastWith503) {
  auto one = make("n1");
  one->subscribe("t");
  server.kill();
  while (one->states.take()) {
  }
  const auto start = std::chrono::steady_clock::now();
  const auto r = one->try_publish("t", "a");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, 503);
  EXPECT_EQ(*r.error().data.find("retryable"), value{true});
  EXPECT_FALSE(one->enter("t", {"1", "", {}}));
  EXPECT_FALSE(one->send("n1", "k", ""));
  EXPECT_LT(std::chrono::steady_clock::now() - start, patient(1s));
}

TEST_F(RedisBroker, ComesBackWithItsSubscriptionsAndHistory) {
  auto one = make("n1");
  one->subscribe("t");
  const position before = one->publish("t", "a");
  EXPECT_EQ(one->published.take()->at(), before);
  server.kill();
  while (one->states.take()) {
  }
  server.restart();
  while (!one->states.take()) {
  }
  const position after = one->publish("t", "b");
  EXPECT_EQ(after, (position{before.epoch, 2}));
  EXPECT_EQ(one->published.take()->at(), after);
}

TEST_F(RedisBroker, WhoWaitsForASubscriptionMayGiveUpItAndOthersWhenRedisGoes) {
  static constexpr int count = 200;
  auto one = make("n1");
  server.stop_process();
  const auto failed = one->ask<int>([](broker& b, auto done) {
    const auto left = std::make_shared<int>(count);
    for (int i = 0; i < count; ++i) {
      b.subscribe("t" + std::to_string(i), [&b, i, left, done](const result<broker::topic_state>& r) {
        EXPECT_EQ(r ? 0 : r.error().code, 503);
        b.unsubscribe("t" + std::to_string(i));
        b.unsubscribe("t" + std::to_string((i + 7) % count));
        if (--*left == 0) done(count);
      });
    }
  });
  EXPECT_EQ(failed.value(), count);
  server.continue_process();
  while (!one->states.take()) {
  }
  one->subscribe("t0");
  const position at = one->publish("t0", "a");
  EXPECT_EQ(one->published.take()->at(), at);
}

TEST_F(RedisBroker, TopicsThatGoWhileTheyAreCheckedLeaveNothing) {
  static constexpr int count = 600; // checked in parts
  pubsub_options o = quick;
  o.check_interval = 50ms;
  auto one = make("n1", o);
  one->subscribe("clock");
  const auto round = [&] {
    for (int turns = 0; turns < 2;) turns += one->positions.take() == "clock" ? 1 : 0;
  };
  for (int i = 0; i < count; ++i) one->subscribe("t" + std::to_string(i));
  round();
  for (int i = 0; i < count; ++i) one->unsubscribe("t" + std::to_string(i));
  round();
  for (int i = 0; i < count; ++i) one->subscribe("t" + std::to_string(i)); // each is answered
  for (int i = 0; i < count; ++i) one->unsubscribe("t" + std::to_string(i));
  round();
  server.kill();
  while (one->states.take()) {
  }
  server.restart();
  while (!one->states.take()) { // nothing is waited for that nobody wants
  }
  const position at = one->publish("clock", "a");
  EXPECT_EQ(one->published.take()->at(), at);
}

TEST_F(RedisBroker, WhatRedisRefusesIsNotToldInItsWords) {
  auto one = make("n1");
  one->publish("t", "a");
  server.ask("CONFIG SET maxmemory 1");
  const auto r = one->try_publish("t", "b");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, 503);
  EXPECT_EQ(r.error().data, value::map({{"retryable", true}}));
  server.ask("CONFIG SET maxmemory 0");
  EXPECT_TRUE(one->try_publish("t", "c"));
}

TEST_F(RedisBroker, NeedsNoMoreThanItsCommandsItsKeysAndItsChannels) {
  redis_server guarded{
      {.users = {
           "user default off",
           "user bus on >secret ~bus:* &bus:* -@all +ping +select +subscribe +unsubscribe +publish +eval "
           "+evalsha +time +get +set +del +pexpire +hget +hmget +hset +hdel +hgetall +hincrby +hkeys +hlen "
           "+xadd +xdel +xrange +zadd +zrange +zrangebyscore +zrem +zscore",
       }}};
  redis_broker_options r;
  r.server = redis::options::parse("redis://bus:secret@127.0.0.1:" + std::to_string(guarded.port()) + "/3").value();
  r.prefix = "bus:";
  const auto start = [&](const std::string& name) {
    auto b = std::make_unique<driven_broker>(std::make_shared<redis_broker>(r), quick, name);
    while (!b->states.take()) {
    }
    return b;
  };
  auto one = start("n1"), two = start("n2");
  one->subscribe("t");
  const position at = two->publish("t", "a", "key");
  EXPECT_EQ(one->published.take()->at(), at);
  EXPECT_EQ(one->history("t", {at.epoch, 0}).items.size(), 1U);
  EXPECT_TRUE(two->enter("t", {"1", "ann", {}}));
  EXPECT_EQ(one->members("t").size(), 1U);
  EXPECT_TRUE(two->leave("t", "1"));
  EXPECT_TRUE(two->enter("t", {"2", "ann", {}}));
  EXPECT_TRUE(one->send("n2", "kind", "data"));
  EXPECT_EQ(two->from_nodes.take(), "n1/kind/data");
  two->stop(); // takes its members with it
  EXPECT_TRUE(comes_true([&] { return one->members("t").empty(); }));
}

TEST_F(RedisBroker, HistoryBehindItsEndIsEmpty) {
  auto one = make("n1");
  const position at = one->publish("t", "a");
  EXPECT_EQ(one->history("t", at).top, at);
  EXPECT_TRUE(one->history("t", at).items.empty());
  for (const std::uint64_t offset : {at.offset + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const auto page = one->history("t", {at.epoch, offset}); // the first is believed, and has the topic begin anew
    EXPECT_NE(page.top.epoch, at.epoch) << offset;
    EXPECT_TRUE(page.items.empty()) << offset;
  }
}

TEST_F(RedisBroker, WipedRedisHasOtherEpochs) {
  auto one = make("n1");
  one->subscribe("t");
  const position before = one->publish("t", "a");
  server.wipe();
  server.restart();
  while (one->states.take()) {
  }
  while (!one->states.take()) {
  }
  const auto page = one->history("t", before);
  EXPECT_NE(page.top.epoch, before.epoch);
  EXPECT_NE(page.top.epoch, 0U);
  EXPECT_EQ(page.top.offset, 0U);
}

TEST_F(RedisBroker, OffsetsThatRedisHasLostAreNotGivenAgain) {
  auto one = make("n1", quick);
  one->subscribe("t");
  one->publish("t", "a");
  const position seen = one->publish("t", "b");
  one->published.take();
  one->published.take();
  server.ask("HSET " + backend.prefix + "t:t o 1"); // as after a crash with appendfsync everysec
  EXPECT_TRUE(comes_true([&] { return one->history("t", seen).top.epoch != seen.epoch; }));
}

// --- Nodes and presence

TEST_F(RedisBroker, NodesSeeAndReachEachOther) {
  auto one = make("n1", quick), two = make("n2", quick);
  const std::vector<node_info> both{{"n1"}, {"n2"}};
  while (one->nodes.take() != both) {
  }
  while (two->nodes.take() != both) {
  }
  EXPECT_TRUE(one->send("n2", "kind", "x"));
  EXPECT_EQ(two->from_nodes.take(), "n1/kind/x");
  EXPECT_TRUE(two->send("", "kind", "y"));
  EXPECT_EQ(one->from_nodes.take(), "n2/kind/y");
  EXPECT_EQ(two->from_nodes.take(), "n2/kind/y");
  two->stop();
  while (one->nodes.take() != std::vector<node_info>{{"n1"}}) {
  }
  EXPECT_EQ(one->send("n2", "kind", "x").error().code, 404);
}

TEST_F(RedisBroker, ANodeThatStopsTakesItsMembersWithIt) {
  auto one = make("n1"), two = make("n2");
  one->subscribe(presence_topic("t"));
  ASSERT_TRUE(one->enter("t", {"1", "ann", {}}));
  ASSERT_TRUE(two->enter("t", {"2", "bob", {}}));
  EXPECT_EQ(one->members("t"), (strings{"1/ann/null", "2/bob/null"}));
  two->stop();
  EXPECT_EQ(one->members("t"), (strings{"1/ann/null"}));
  for (const char* expected : {"join", "join", "leave"})
    EXPECT_EQ(*unpacked(one->published.take()->data()).find("event"), value{expected});
}

TEST_F(RedisBroker, ADeadNodesMembersAreTakenOut) {
  auto one = make("n1", quick);
  one->subscribe(presence_topic("t"));
  ASSERT_TRUE(one->enter("t", {"1", "ann", {}}));
  // A node that was there and is heard of no more: as its process leaves it behind. Its name last: from then on it is looked for.
  server.ask("HSET " + backend.prefix + "n:dead t 1");
  const std::string member = "\\x83\\xa2id\\xa12\\xa4user\\xa3bob\\xa4data\\xc0";
  server.ask("HSET " + backend.prefix + "p:t 2 \"dead " + member + "\"");
  server.ask("ZADD " + backend.prefix + "nodes 1 dead");

  EXPECT_EQ(one->members("t"), (strings{"1/ann/null"}));
  EXPECT_EQ(*unpacked(one->published.take()->data()).find("event"), value{"join"});
  const value event = unpacked(one->published.take()->data());
  EXPECT_EQ(*event.find("event"), value{"leave"});
  EXPECT_EQ(*event.find("member")->find("user"), value{"bob"});
  EXPECT_TRUE(server.ask("HLEN " + backend.prefix + "p:t").starts_with(":1"));
  EXPECT_TRUE(server.ask("EXISTS " + backend.prefix + "n:dead").starts_with(":0"));
}

TEST_F(RedisBroker, WhatANodeEntersThatWasTakenForDeadEndsWithIt) {
  pubsub_options silent;
  silent.heartbeat = 1h;
  auto one = make("n1", silent);
  one->nodes.take(); // its first sign of life; there will be no other
  server.ask("ZREM " + backend.prefix + "nodes n1");
  server.ask("DEL " + backend.prefix + "n:n1");
  ASSERT_TRUE(one->enter("t", {"1", "ann", {}}));
  EXPECT_EQ(one->members("t"), (strings{"1/ann/null"}));

  auto two = make("n2", quick);

  EXPECT_TRUE(comes_true([&] { return server.ask("EXISTS " + backend.prefix + "p:t").starts_with(":0"); }));
  EXPECT_TRUE(server.ask("EXISTS " + backend.prefix + "n:n1").starts_with(":0"));
}

TEST_F(RedisBroker, ANodeThatWasTakenForDeadIsToldThoughItHasEnteredAMemberSince) {
  auto one = make("n1", quick);
  one->presence_lost.take(); // whenever it connects
  // What another node's beat and then this one's enter() do, in one step, before this one's beat.
  server.ask("EVAL \"redis.call('ZREM', KEYS[1], 'n1') redis.call('DEL', KEYS[2]) "
             "return redis.call('ZADD', KEYS[1], 'NX', 9000000000000000, 'n1')\" 2 " +
             backend.prefix + "nodes " + backend.prefix + "n:n1");

  EXPECT_TRUE(one->presence_lost.take());
}

TEST_F(RedisBroker, ANodeThatWasTakenForDeadIsTold) {
  auto one = make("n1", quick);
  one->presence_lost.take(); // whenever it connects
  ASSERT_TRUE(one->enter("t", {"1", "ann", {}}));
  server.ask("ZREM " + backend.prefix + "nodes n1");
  EXPECT_TRUE(one->presence_lost.take());
}

} // namespace
} // namespace swill::test
