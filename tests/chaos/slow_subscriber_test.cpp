#include "tests/chaos/cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// A subscriber stops reading. What is in the buffers on the way reaches it whatever happens; then the topic's policy holds.

namespace swill::chaos {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t most_growth = 512U << 20; // freed memory is kept aside for a while
#else
constexpr std::size_t most_growth = 16U << 20;
#endif
constexpr std::size_t message_size = 16U << 10;
constexpr std::size_t small_buffer = 64U << 10;

std::chrono::microseconds p99(const std::vector<std::chrono::microseconds>& ascending) {
  return ascending.empty() ? std::chrono::microseconds{0} : ascending[ascending.size() * 99 / 100];
}
std::chrono::microseconds median(std::vector<std::chrono::microseconds> some) {
  std::sort(some.begin(), some.end());
  return some[some.size() / 2];
}
std::string text(std::chrono::microseconds t) { return std::to_string(t.count()) + " us"; }

/// It reads nothing for longer than a gateway bears by default: here the topic's policy is looked at, not limits::slow_reader_timeout.
std::vector<std::string> patient_with_slow_readers(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--slow-reader-timeout", "120000"});
  return arguments;
}

struct SlowSubscriber : testing::Test {
  explicit SlowSubscriber(std::vector<std::string> policy = {}, bool may_miss = false)
      : all(1, patient_with_slow_readers(std::move(policy))),
        slow_options{.pace = 4ms, .size = message_size, .may_miss = may_miss} {}

  /// The others' p99 while so many messages of each publisher are acknowledged.
  std::chrono::microseconds measure(std::size_t count) {
    const auto from = clock::now();
    EXPECT_TRUE(messages.wait_for_acknowledged(count));
    return p99(messages.book.latencies(from, clock::now(), others));
  }
  std::size_t memory() { return all.gateways[0]->running().memory(); }

  /// It stops reading some times; after each time `applied` must come true.
  template <class F>
  void stop_reading(int rounds, F applied) {
    ASSERT_TRUE(eventually([&] { return messages.book.delivered_count(slow.number()) > 50; }));
    const std::size_t count = 400;
    const std::size_t enough =
        1600; // of 16 KiB: more than all the buffers on the way, however far the kernel lets them grow
    std::vector<std::chrono::microseconds> before;
    std::vector<std::chrono::microseconds> during;
    std::size_t growth = 0;
    for (int round = 0; round < rounds; ++round) {
      before.push_back(measure(count));
      const std::size_t memory_before = memory();
      const std::size_t overflows = slow.overflows().size();

      slow.set_reading(false);
      during.push_back(measure(enough));
      growth = std::max(growth, memory() - std::min(memory(), memory_before));

      slow.set_reading(true);
      ASSERT_TRUE(eventually([&] { return applied(overflows); })) << "its policy does not apply";
    }
    messages.finish_and_check();

    // Who waits for the slow one waits each time it stops; a neighbour on the machine does not come each time. So the best time counts.
    const auto best = *std::min_element(during.begin(), during.end());
    report("others' p99: " + text(median(before)) + " before, " + text(best) + " while one does not read; " +
           std::to_string(growth >> 10) + " KiB more memory; it got " +
           std::to_string(messages.book.delivered_count(slow.number())) + " messages of " +
           std::to_string(messages.book.delivered_count(others[0])));
    EXPECT_LE(best, 2 * median(before));
    EXPECT_LE(growth, most_growth);
  }

  cluster all;
  load messages{all.urls(), 2, 4, {.pace = 4ms, .size = message_size}};
  std::vector<std::size_t> others{0, 1, 2, 3};
  load_options slow_options;
  subscriber slow{messages.book, all.urls(), 4, slow_options, small_buffer};
};

TEST_F(SlowSubscriber, IsTurnedAwayAndDelaysNobody) {
  stop_reading(scaled(3, 10), [this](std::size_t overflows) { return slow.overflows().size() > overflows; });
  // It went on where it was told, and has everything: the ledger has looked.
}

/// Topics that go on with what is newest. They never end its stream, and it has the last message of everybody.
struct SlowSubscriberThatMisses : SlowSubscriber {
  using SlowSubscriber::SlowSubscriber;
  void stop_reading_and_miss() {
    stop_reading(scaled(3, 5), [this](std::size_t) {
      return messages.book.at(slow.number())->offset + 100 > messages.book.at(others[0])->offset;
    });
    EXPECT_TRUE(slow.overflows().empty());
    EXPECT_EQ(slow.calls.failures(), 0U);
    EXPECT_LT(messages.book.delivered_count(slow.number()), messages.book.delivered_count(others[0]));
    for (const auto& p : messages.publishers) EXPECT_TRUE(messages.book.has(slow.number(), p->last_id()));
  }
};
struct SlowSubscriberOfDropOldest : SlowSubscriberThatMisses {
  SlowSubscriberOfDropOldest() : SlowSubscriberThatMisses({"--topic-overflow", "drop_oldest"}, true) {}
};
struct SlowSubscriberOfConflate : SlowSubscriberThatMisses {
  SlowSubscriberOfConflate()
      : SlowSubscriberThatMisses({"--topic-overflow", "conflate", "--topic-conflate-by", "from"}, true) {}
};

TEST_F(SlowSubscriberOfDropOldest, GoesOnWithTheNewest) { stop_reading_and_miss(); }

TEST_F(SlowSubscriberOfConflate, GoesOnWithTheNewestOfEachKey) { stop_reading_and_miss(); }

} // namespace
} // namespace swill::chaos
