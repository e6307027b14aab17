#include "tests/chaos/cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// Redis is killed, stands still, or loses everything, under load.

namespace swill::chaos {
namespace {

/// From Redis' return to the first delivery to each subscriber.
const milliseconds most_until_it_goes_on = patient(2000ms);

/// Gateways on one Redis, with everything that goes on all the time: messages, visits in a session, calls that need no Redis.
struct RedisFaults : testing::Test {
  cluster all{2};
  load messages{all.urls(), 3, 4};
  visitor visits{all.urls()};
  caller local{all.gateways[0]->url(), "math.add", value::array({1, 2})};

  /// What failed since these counts did so as it should: with 503, by the gateway, and soon.
  void expect_fast_errors(const std::vector<std::size_t>& before, std::size_t visits_before) {
    std::vector<outcomes::failure> failures = visits.calls.failures_since(visits_before);
    for (std::size_t i = 0; i < messages.publishers.size(); ++i) {
      const auto some = messages.publishers[i]->calls.failures_since(before[i]);
      failures.insert(failures.end(), some.begin(), some.end());
    }
    for (const auto& f : failures) {
      EXPECT_EQ(f.code, 503) << f.text;
      EXPECT_FALSE(f.by_connection) << f.text;
      EXPECT_TRUE(f.retryable) << f.text;
      EXPECT_LE(f.took, most_until_error) << f.text;
      slowest_error = std::max(slowest_error, f.took);
    }
    errors += failures.size();
  }

  /// Redis is back at this moment: everything goes on soon.
  void expect_recovery(clock::time_point back) {
    const std::size_t visited = visits.calls.successes();
    const auto resumed = messages.book.resumed_after(back);
    ASSERT_TRUE(resumed) << "deliveries do not resume";
    EXPECT_LE(*resumed, most_until_it_goes_on);
    slowest_resumed = std::max(slowest_resumed, *resumed);
    ASSERT_TRUE(eventually([&] { return visits.calls.successes() > visited; })) << "sessions do not come back";
    EXPECT_LE(since(back), most_until_it_goes_on);
    slowest_session = std::max(slowest_session, since(back));
    ASSERT_TRUE(messages.wait_for_acknowledged(3));
  }

  void expect_nothing_else_suffered() {
    EXPECT_EQ(local.calls.failures(), 0U) << local.calls.failures_since(0).front().text;
    EXPECT_LT(local.calls.slowest_success(), most_for_local);
    EXPECT_TRUE(visits.problems().empty()) << visits.problems().front();
    report(std::to_string(errors) + " errors meanwhile, the slowest after " + std::to_string(slowest_error.count()) +
           " ms; deliveries resumed at most " + std::to_string(slowest_resumed.count()) + " ms, sessions " +
           std::to_string(slowest_session.count()) + " ms after Redis' return");
    report(std::to_string(local.calls.successes()) + " local calls, none failed, the slowest took " +
           std::to_string(local.calls.slowest_success().count()) + " ms; " + std::to_string(visits.visits()) +
           " visits of one session");
  }

  std::size_t errors = 0;
  milliseconds slowest_error{0};
  milliseconds slowest_resumed{0};
  milliseconds slowest_session{0};
};

TEST_F(RedisFaults, KilledAndRestartedNothingIsLost) {
  const int rounds = scaled(2, 10);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_TRUE(messages.wait_for_acknowledged(50));
    ASSERT_TRUE(eventually([&, n = visits.calls.successes()] { return visits.calls.successes() > n + 10; }));
    const auto failed = messages.failure_counts();
    const std::size_t visits_failed = visits.calls.failures();

    all.redis.kill();
    // Short outages and such that last until the gateways try to connect at their slowest.
    ASSERT_TRUE(messages.wait_for_failures(round % 3 == 0 ? 3 : round % 3 == 1 ? 75 : 150));
    ASSERT_TRUE(eventually([&] { return visits.calls.failures() > visits_failed; }));
    all.redis.restart();
    const auto back = clock::now();

    expect_recovery(back);
    expect_fast_errors(failed, visits_failed);
    if (HasFatalFailure()) break;
  }
  messages.finish_and_check();
  expect_nothing_else_suffered();
}

TEST_F(RedisFaults, StandingStillNothingIsLost) {
  const int rounds = scaled(1, 5);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_TRUE(messages.wait_for_acknowledged(20));
    const auto failed = messages.failure_counts();
    const std::size_t visits_failed = visits.calls.failures();

    all.redis.stop_process(); // what is under way is answered by nobody: it may be done later, or never
    ASSERT_TRUE(messages.wait_for_failures(round % 2 == 0 ? 3 : 75));
    ASSERT_TRUE(eventually([&] { return visits.calls.failures() > visits_failed; }));
    all.redis.continue_process();
    const auto back = clock::now();

    expect_recovery(back);
    expect_fast_errors(failed, visits_failed);
    if (HasFatalFailure()) break;
  }
  messages.finish_and_check();
  expect_nothing_else_suffered();
}

TEST_F(RedisFaults, WipedEverySubscriberIsTold) {
  const int rounds = scaled(1, 5);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_TRUE(messages.wait_for_acknowledged(50));
    const std::size_t notices = messages.book.notice_count();
    const auto before = messages.book.at(0);

    all.redis.wipe();
    ASSERT_TRUE(messages.wait_for_failures(3));
    all.redis.restart();
    const auto back = clock::now();

    const auto resumed = messages.book.resumed_after(back);
    ASSERT_TRUE(resumed) << "deliveries do not resume";
    EXPECT_LE(*resumed, most_until_it_goes_on);
    EXPECT_EQ(messages.book.notice_count() - notices, messages.subscribers.size()) << "one notice for each";
    EXPECT_NE(messages.book.at(0)->epoch, before->epoch);
    report("deliveries resumed " + std::to_string(resumed->count()) + " ms after the return of an empty Redis");
    ASSERT_TRUE(messages.wait_for_acknowledged(50));
  }
  messages.finish_and_check(true);
  EXPECT_EQ(local.calls.failures(), 0U);
}

} // namespace
} // namespace swill::chaos
