#include "tests/chaos/cluster.hpp"
#include "tests/chaos/lists.hpp"
#include "tests/chaos/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// The network between a gateway and Redis is cut: packets vanish, nothing is closed. Its clients reach it by a Unix socket all the time.

namespace swill::chaos {
namespace {

const milliseconds most_until_resumed = patient(2000ms);
const milliseconds most_until_clean = patient(15000ms);

test::redis_options reachable_at(const std::string& address) {
  test::redis_options o{.append_only = true};
  o.more = {"--bind", "127.0.0.1", address, "--protected-mode", "no"};
  return o;
}

TEST(NetworkFaults, AGatewayThatIsCutOffFromRedisHealsByItself) {
  if (const std::string why = network::obstacle(); !why.empty()) GTEST_SKIP() << why;
  network link;
  test::redis_server redis{reachable_at(link.address())};
  temporary_directory directory;
  gateway here{"here", cluster::arguments(redis.address(), directory)};
  gateway there{"there",
                cluster::arguments("redis://" + link.address() + ":" + std::to_string(redis.port()), directory),
                "unix:" + (directory.path() / "there.sock").string(), link.wrapper()};
  load messages{{here.url()}, 2, 2};
  for (const std::size_t n : {2, 3})
    messages.subscribers.push_back(std::make_unique<subscriber>(messages.book, addresses{there.url()}, n));
  messages.publishers.push_back(std::make_unique<publisher>(messages.book, addresses{there.url()}, 2));
  const outcomes& from_there = messages.publishers[2]->calls;
  visitor visits{{there.url()}};
  caller local{there.url(), "math.add", value::array({1, 2})};

  milliseconds slowest_error{0};
  milliseconds slowest_resumed{0};
  milliseconds slowest_clean{0};
  const auto expect_fast_errors = [&slowest_error](const std::vector<outcomes::failure>& failures) {
    for (const auto& f : failures) {
      EXPECT_EQ(f.code, 503) << f.text;
      EXPECT_TRUE(f.retryable) << f.text;
      EXPECT_LE(f.took, most_until_error) << f.text;
      slowest_error = std::max(slowest_error, f.took);
    }
  };
  const int rounds = scaled(1, 3);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_TRUE(messages.wait_for_acknowledged(50));
    ASSERT_TRUE(eventually([&, n = visits.visits()] { return visits.visits() > n; }));
    const std::size_t failed = from_there.failures();
    const std::size_t visits_failed = visits.calls.failures();

    link.cut();
    const auto t = clock::now();
    ASSERT_TRUE(eventually([&] { return from_there.failures() > failed && visits.calls.failures() > visits_failed; }));
    ASSERT_TRUE(eventually([&] { return since(t) >= scaled<milliseconds>(4s, 30s); }, 60s)); // the fault's length
    link.mend();
    const auto back = clock::now();

    const auto resumed = messages.book.resumed_after(back);
    ASSERT_TRUE(resumed) << "deliveries do not resume";
    EXPECT_LE(*resumed, most_until_resumed);
    slowest_resumed = std::max(slowest_resumed, *resumed);
    ASSERT_TRUE(eventually([&, n = visits.visits()] { return visits.visits() > n; })) << "sessions do not come back";
    EXPECT_LE(since(back), most_until_resumed) << "sessions";
    expect_fast_errors(from_there.failures_since(failed));
    expect_fast_errors(visits.calls.failures_since(visits_failed));

    // In a long outage the gateway was taken for dead, and its members with it.
    for (const gateway* g : {&here, &there}) {
      const auto is_right = [&](auto* who) { return messages.is_everybody_once(who(g->url(), load_options{}.topic)); };
      EXPECT_TRUE(eventually([&] { return is_right(present); })) << "presence at " << g->url();
      EXPECT_TRUE(eventually([&] { return is_right(listed); })) << "registry at " << g->url();
    }
    EXPECT_LE(since(back), most_until_clean);
    slowest_clean = std::max(slowest_clean, since(back));
  }
  messages.finish_and_check();
  EXPECT_EQ(local.calls.failures(), 0U);
  EXPECT_LT(local.calls.slowest_success(), most_for_local);
  EXPECT_TRUE(visits.problems().empty()) << visits.problems().front();
  report("deliveries resumed at most " + std::to_string(slowest_resumed.count()) +
         " ms, presence and registry were right " + std::to_string(slowest_clean.count()) +
         " ms after the link; the slowest error came after " + std::to_string(slowest_error.count()) + " ms; " +
         std::to_string(local.calls.successes()) + " local calls, the slowest took " +
         std::to_string(local.calls.slowest_success().count()) + " ms");
}

} // namespace
} // namespace swill::chaos
