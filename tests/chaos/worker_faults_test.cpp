#include "tests/chaos/cluster.hpp"
#include "tests/support/free_port.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

// Workers and their gateways die and stand still under load. What happens to single calls and streams is in tests/workers.

namespace swill::chaos {
namespace {

/// Until a worker that stands still is out, and until a call fails that it had: gateway_options::silence (1.5 s) and a heartbeat.
const milliseconds most_until_out = patient(2000ms);
/// worker_options::longest_pause (5 s), and one attempt.
const milliseconds most_until_connected = patient(8000ms);

std::size_t count_of(const std::string& part, const std::string& in) {
  std::size_t n = 0;
  for (std::size_t at = in.find(part); at != std::string::npos; at = in.find(part, at + 1)) ++n;
  return n;
}

/// A gateway and two workers of one name, and clients that call it all the time.
struct WorkerFaults : testing::Test {
  WorkerFaults() {
    std::ofstream{secret()} << "the secret of these tests\n";
    door = "127.0.0.1:" + std::to_string(test::free_port());
    front.emplace("front", std::vector<std::string>{"--workers-listen", door, "--workers-secret-file", secret()});
    for (std::size_t i = 0; i < 2; ++i) launch(i);
    for (std::size_t i = 0; i < 2; ++i) {
      if (!eventually([&] { return times_announced(i) == 1; })) throw std::runtime_error("a worker does not come");
    }
    for (int i = 0; i < 4; ++i)
      callers.push_back(std::make_unique<caller>(front->url(), "work.math.add", value::array({1, 2})));
  }

  std::string secret() const { return (directory.path() / "secret").string(); }
  static std::string name(std::size_t i) { return "worker" + std::to_string(i); }
  void launch(std::size_t i) {
    workers[i].emplace(std::vector<std::string>{worker_program, "--gateway", door, "--secret-file", secret(), "--name",
                                                name(i), "--io-threads", "1", "--workers", "1"},
                       directory.path() / (name(i) + ".log"));
  }
  std::size_t times_announced(std::size_t i) {
    return count_of("worker " + name(i) + " serves", front->running().output());
  }

  std::size_t times_out(std::size_t i) { return count_of("worker " + name(i) + " is out", front->running().output()); }

  /// Each caller has been answered so often from now on, without a failure in between.
  bool all_is_well(std::size_t times = 50) {
    return std::all_of(callers.begin(), callers.end(), [&](const auto& c) {
      return eventually([&, c = c.get()] {
        const std::size_t failed = c->calls.failures();
        const std::size_t before = c->calls.successes();
        return eventually([&] { return c->calls.successes() > before + times; }, 5s) && c->calls.failures() == failed;
      });
    });
  }
  std::vector<outcomes::failure> failures() const {
    std::vector<outcomes::failure> all;
    for (const auto& c : callers) {
      const auto some = c->calls.failures_since(0);
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  temporary_directory directory;
  std::string door;
  std::optional<gateway> front;
  std::optional<process> workers[2];
  std::vector<std::unique_ptr<caller>> callers;
};

TEST_F(WorkerFaults, OneOfTwoDiesOrStandsStillUnderLoad) {
  const int rounds = scaled(2, 10);
  milliseconds slowest_out{0};
  for (int round = 0; round < rounds; ++round) {
    const auto victim = static_cast<std::size_t>(round % 2);
    const bool kills = round % 4 < 2 ? victim == 0 : victim == 1;
    ASSERT_TRUE(all_is_well());
    const std::size_t announced = times_announced(victim);

    const std::size_t outs = times_out(victim);
    const auto t = clock::now();
    if (kills)
      workers[victim]->kill();
    else
      workers[victim]->stop();
    ASSERT_TRUE(eventually([&] { return times_out(victim) > outs; }));
    EXPECT_LE(since(t), most_until_out);
    slowest_out = std::max(slowest_out, since(t));
    ASSERT_TRUE(all_is_well()) << "the other serves";
    if (kills)
      launch(victim);
    else
      workers[victim]->resume();
    EXPECT_TRUE(eventually([&] { return times_announced(victim) > announced; })) << "it does not come back";
  }
  ASSERT_TRUE(all_is_well());

  milliseconds slowest{0};
  for (const auto& f : failures()) {
    EXPECT_EQ(f.code, 503) << f.text;
    EXPECT_FALSE(f.by_connection) << f.text;
    EXPECT_TRUE(f.retryable) << f.text;
    EXPECT_LE(f.took, most_until_out) << f.text;
    slowest = std::max(slowest, f.took);
  }
  std::size_t answered = 0;
  for (const auto& c : callers) answered += c->calls.successes();
  report(std::to_string(answered) + " calls answered, " + std::to_string(failures().size()) +
         " failed, with 503, the slowest after " + std::to_string(slowest.count()) + " ms; a worker was out after " +
         std::to_string(slowest_out.count()) + " ms at most");
}

TEST_F(WorkerFaults, WorkersFindAKilledGatewayAgain) {
  ASSERT_TRUE(all_is_well());

  front->kill();
  front->restart(); // its output is a new one
  const auto back = clock::now();

  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(eventually([&] { return times_announced(i) == 1; })) << name(i) << " does not come back";
  }
  EXPECT_LE(since(back), most_until_connected);
  report("both workers served a restarted gateway after " + std::to_string(since(back).count()) + " ms");
  EXPECT_TRUE(all_is_well());
}

} // namespace
} // namespace swill::chaos
