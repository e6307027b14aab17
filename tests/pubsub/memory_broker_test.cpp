#include "pubsub/memory_broker.hpp"

#include "libswill/base/manual_loop.hpp"
#include "tests/pubsub/broker_contract.hpp"
#include "tests/support/child_process.hpp"

#include <unistd.h>

// What a memory broker keeps, by a clock that the test turns.

namespace swill::test {
namespace {

struct MemoryBroker : testing::Test, broker_listener {
  pubsub_options options;
  manual_loop loop;
  memory_broker memory;

  void start() { memory.start(loop, *this, options, "n1", nullptr); }
  ~MemoryBroker() override {
    memory.stop([] {});
  }
  position publish(const std::string& topic, const value& v, const std::string& key = {}) {
    position at;
    memory.publish(topic, packed(v), key, {}, [&at](const result<position>& r) { at = r.value(); });
    return at;
  }
  position subscribe(const std::string& topic) {
    position at;
    memory.subscribe(topic, [&at](const result<broker::topic_state>& r) { at = r.value().top; });
    return at;
  }
  broker::history_page history(const std::string& topic, const position& since) {
    broker::history_page page;
    memory.history(topic, since, 1000, [&page](const result<broker::history_page>& r) { page = r.value(); });
    return page;
  }

  void on_publication(const publication_ptr&) override {}
  void on_position(const std::string&, const position&) override {}
  void on_down() override {}
  void on_up() override {}
  void on_presence_lost() override {}
};

TEST_F(MemoryBroker, NothingStaysOfATopicThatSomebodyOnlyListenedTo) {
  start();
  const position at = subscribe("t");
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "fresh" + std::to_string(i);
    subscribe(name);
    memory.unsubscribe(name);
    history(name, {});
  }
  EXPECT_EQ(memory.topics(), 1U);
  loop.advance(std::chrono::seconds(1)); // what they took is given back
  EXPECT_EQ(loop.timers(), 0U);
  memory.unsubscribe("t");
  EXPECT_EQ(memory.topics(), 0U);

  EXPECT_EQ(subscribe("t"), at); // whoever waited at its beginning has missed nothing
  EXPECT_EQ(publish("t", "a"), (position{at.epoch, 1}));
}

TEST_F(MemoryBroker, ATopicThatWasForgottenHasAnotherEpoch) {
  start();
  const position at = publish("t", "a");
  EXPECT_EQ(history("t", {at.epoch, 0}).items.size(), 1U);
  loop.advance(std::chrono::hours{1});
  EXPECT_EQ(memory.topics(), 0U);
  EXPECT_NE(subscribe("t").epoch, at.epoch);
}

TEST_F(MemoryBroker, WhatManyForgottenTopicsTookIsGivenBack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps what is freed";
#endif
  start();
  const std::string text(4'000, 'x');
  for (int i = 0; i < 5'000; ++i) publish("t" + std::to_string(i), text);
  const std::string above(1'000, 'x'); // what is freed below it the allocator keeps, unless it is asked for it
  const std::size_t before = memory_of(::getpid());
  loop.advance(std::chrono::hours{1});
  EXPECT_EQ(memory.topics(), 0U);
  EXPECT_EQ(loop.timers(), 0U);
  EXPECT_LT(memory_of(::getpid()) + 15'000'000, before);
}

TEST_F(MemoryBroker, PresenceLeavesNothing) {
  start();
  for (int i = 0; i < 100; ++i) {
    const std::string topic = "t" + std::to_string(i);
    memory.enter(topic, {"c", "", {}}, [](const result<void>& r) { EXPECT_TRUE(r); });
    memory.leave(topic, "c", [](const result<void>& r) { EXPECT_TRUE(r); });
  }
  EXPECT_EQ(memory.topics(), 0U); // nobody watches, so nobody is told
}

TEST_F(MemoryBroker, BoundsWhatAllTopicsKeepTogether) {
  options.kept_size = 100'000;
  start();
  const std::string large(10'000, 'x');
  position first;
  for (int i = 0; i < 20; ++i) {
    const position at = publish("t" + std::to_string(i), large);
    if (i == 0) first = at;
  }

  std::size_t kept = 0;
  for (int i = 0; i < 20; ++i) kept += history("t" + std::to_string(i), {}).items.size();
  EXPECT_EQ(kept, 9U); // with what each costs beside its bytes
  EXPECT_EQ(history("t19", {}).items.size(), 1U);
  const auto gone = history("t0", {first.epoch, 0}); // the one published to longest ago lost its messages, and says so
  EXPECT_EQ(gone.top, first);
  EXPECT_TRUE(gone.items.empty());

  for (int i = 0; i < 1000; ++i) publish("keys", i, "key" + std::to_string(i));
  EXPECT_EQ(publish("keys", 0, "key999").offset, 1000U);
  EXPECT_EQ(publish("keys", 0, "key0").offset, 1001U); // forgotten with the others
}

} // namespace
} // namespace swill::test
