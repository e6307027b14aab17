#include "tests/server/calls.hpp"

// Fairness between streams, and what happens when the client does not read.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct greedy_app : logged_app {
  std::vector<int> made;
  int alive = 0;
  greedy_app() {
    handle("numbers", [this](request<std::pair<int, int>> r) -> stream<int> { // name, count
      const counted guard{alive};
      for (int i = 0; i < r.data().second; ++i) {
        made.push_back(r.data().first);
        co_yield i;
      }
    });
    handle("blocks", [this](request<int> r) -> stream<std::string> {
      const counted guard{alive};
      for (int i = 0; i < r.data(); ++i) {
        made.push_back(i);
        co_yield std::to_string(i) + std::string(1000, ' ');
      }
    });
    handle("add", [](request<int> r) { return r.data() + 1; });
  }
  /// The longest run of one stream while the other was not done.
  std::size_t longest_run() const {
    std::size_t longest = 0, run = 0;
    std::size_t left[2] = {0, 0};
    for (const int n : made) ++left[n];
    for (std::size_t i = 0; i < made.size() && left[0] != 0 && left[1] != 0; ++i) {
      run = i > 0 && made[i] == made[i - 1] ? run + 1 : 1;
      longest = std::max(longest, run);
      --left[made[i]];
    }
    return longest;
  }
};

TEST(Fairness, TwoGreedyStreamsOfOneConnectionTakeTurns) {
  greedy_app a;
  a.limits().stream_quantum = 100;
  test_server s{a};
  test_client c{s};
  send_message(c, 1, "numbers", std::pair{0, 5000});
  send_message(c, 2, "numbers", std::pair{1, 5000});

  s.run();

  EXPECT_EQ(a.made.size(), 10'000U);
  EXPECT_LE(a.longest_run(), 201U);
  EXPECT_EQ(arrived(c, 1).size(), 5001U);
  EXPECT_EQ(arrived(c, 2).size(), 5001U);
}

TEST(Fairness, AStreamHasItsShareAlthoughOthersEndedInThisTurn) {
  greedy_app a;
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 3; ++i) send_message(c, 1, "numbers", std::pair{0, 1});

  // None waits for another turn: the seq would still be in use.
  EXPECT_EQ(arrived(c, 1), (strings{"m:0", "end", "m:0", "end", "m:0", "end"}));
}

TEST(Fairness, TwoGreedyStreamsOfTwoConnectionsTakeTurns) {
  greedy_app a;
  a.limits().stream_quantum = 100;
  test_server s{a};
  test_client one{s}, two{s};
  send_message(one, 1, "numbers", std::pair{0, 5000});
  send_message(two, 1, "numbers", std::pair{1, 5000});

  s.run();

  EXPECT_LE(a.longest_run(), 201U);
  EXPECT_EQ(arrived(one, 1).size(), 5001U);
  EXPECT_EQ(arrived(two, 1).size(), 5001U);
}

TEST(Fairness, UnaryCallIsAnsweredBeforeAGreedyStreamEnds) {
  greedy_app a;
  std::size_t made_by_then = 0;
  a.limits().stream_quantum = 100;
  a.handle("when", [&](request<>) { made_by_then = a.made.size(); });
  test_server s{a};
  test_client greedy{s}, other{s};
  send_message(greedy, 1, "numbers", std::pair{0, 100'000});
  send_message(other, 1, "when", nothing{});

  s.run();

  EXPECT_LE(made_by_then, 1000U);
  EXPECT_EQ(a.made.size(), 100'000U);
}

TEST(BackPressure, StalledClientStopsTheStreamAtTheBudget) {
  greedy_app a;
  test_server s{a};
  test_client c{s};
  c.pipe().stall();

  const auto seq = c.open("blocks", 10'000); // 10 MB
  for (int i = 0; i < 100; ++i) s.advance(1ms);

  const std::size_t half = limits{}.send_buffer / 2;
  EXPECT_GE(c.pipe().backlog(), half);
  EXPECT_LE(c.pipe().backlog(), half + 128 * 1024);
  EXPECT_LE(a.made.size(), (half + 128 * 1024) / 1000);
  const auto before = a.made.size();
  s.advance(1s);
  EXPECT_EQ(a.made.size(), before);

  c.pipe().stall(false); // and it goes on, in order
  s.run();
  const auto all = arrived(c, seq);
  ASSERT_EQ(all.size(), 10'001U);
  for (int i = 0; i < 10'000; ++i)
    ASSERT_EQ(all[static_cast<std::size_t>(i)].substr(0, std::to_string(i).size() + 4),
              "m:\"" + std::to_string(i) + " ");
}

TEST(BackPressure, StreamsOfAStalledClientShareItsBudget) {
  greedy_app a;
  test_server s{a};
  test_client c{s};
  c.pipe().stall();

  for (int i = 0; i < 50; ++i) c.open("blocks", 10'000);

  EXPECT_LE(c.pipe().backlog(), limits{}.send_buffer); // not fifty times the half of it
}

TEST(BackPressure, OtherConnectionsDoNotNotice) {
  greedy_app a;
  test_server s{a};
  test_client stalled{s}, other{s};
  stalled.pipe().stall();
  stalled.open("blocks", 10'000);

  EXPECT_EQ(other.call<int>("add", 1), 2);
  EXPECT_EQ(other.collect("blocks", 2000).size(), 2000U);
}

TEST(BackPressure, UnaryAnswersOfAStalledClientAreKept) {
  greedy_app a;
  test_server s{a};
  test_client c{s};
  c.pipe().stall();
  c.open("blocks", 10'000);
  const auto seq = c.open("add", 1);
  EXPECT_EQ(arrived(c, seq), strings{});

  c.pipe().stall(false);

  EXPECT_EQ(arrived(c, seq), strings{"m:2"});
}

TEST(BackPressure, CancelledWhileStalledFreesTheHandlerAtOnce) {
  greedy_app a;
  test_server s{a};
  test_client c{s};
  c.pipe().stall();
  const auto first = c.open("blocks", 10'000), second = c.open("blocks", 10'000);
  ASSERT_EQ(a.alive, 2);

  c.cancel(first);
  EXPECT_EQ(a.alive, 1);
  c.pipe().stall(false);

  const auto all = arrived(c, second);
  EXPECT_EQ(all.size(), 10'001U);
  EXPECT_EQ(all.back(), "end");
}

TEST(BackPressure, SlowlyReadStreamNeverGrows) {
  greedy_app a;
  test_server s{a};
  test_client c{s};
  c.pipe().stall();
  const auto seq = c.open("blocks", 5000);

  std::size_t most = 0;
  for (int i = 0; i < 5100; ++i) {
    c.pipe().take(1);
    s.run();
    most = std::max(most, c.pipe().backlog());
  }

  EXPECT_LE(most, limits{}.send_buffer / 2 + 128 * 1024);
  EXPECT_EQ(arrived(c, seq).size(), 5001U);
}

} // namespace
} // namespace swill
