#include "tests/chaos/cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// A subscriber stops reading. Topics of the gateway are `buffer`: what waits for it is delivered, then its stream ends with ERROR 429.

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

struct SlowSubscriber : testing::Test {
  cluster all{1};
  load_options options{.pace = 4ms, .size = message_size};
  load messages{all.urls(), 2, 4, options};
  std::vector<std::size_t> others{0, 1, 2, 3};
  subscriber slow{messages.book, all.urls(), 4, options, small_buffer};

  /// The others' p99 while so many messages of each publisher are acknowledged.
  std::chrono::microseconds measure(std::size_t count) {
    const auto from = clock::now();
    EXPECT_TRUE(messages.wait_for_acknowledged(count));
    return p99(messages.book.latencies(from, clock::now(), others));
  }
  std::size_t memory() { return all.gateways[0]->running().memory(); }
};

TEST_F(SlowSubscriber, IsTurnedAwayAndDelaysNobody) {
  ASSERT_TRUE(eventually([&] { return messages.book.delivered_count(slow.number()) > 50; }));
  const int rounds = scaled(3, 10);
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
    ASSERT_TRUE(eventually([&] { return slow.overflows().size() > overflows; })) << "its policy does not apply";
  }
  messages.finish_and_check(); // it went on where it was told, and has everything

  report("others' p99: " + text(median(before)) + " before, " + text(median(during)) + " while one does not read; " +
         std::to_string(growth >> 10) + " KiB more memory");
  EXPECT_LE(median(during), 2 * median(before));
  EXPECT_LE(growth, most_growth);
}

} // namespace
} // namespace swill::chaos
