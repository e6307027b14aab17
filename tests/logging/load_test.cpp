#include "libswill/logging/logging.hpp"

#include "libswill/server/test_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

// A log that does not get out costs lines, and no caller any time. The calls and the loop that serves them are on this thread, so
// whatever holds the loop shows.

namespace swill {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t calls = 3000;
constexpr auto longest_run = 2s; ///< of calls that take long

/// What 99 of 100 calls take at most, when each logs half a KiB.
steady_clock::duration p99_of_calls(app& a) {
  a.handle("says", [](request<int> r) {
    r.context().log(log_level::info, std::string(500, 'x'), {{"n", r.data()}});
    return r.data();
  });
  test_server s{a};
  test_client c{s};
  std::vector<steady_clock::duration> took;
  const auto begin = steady_clock::now();
  while (took.size() < calls && steady_clock::now() - begin < longest_run) {
    const int i = static_cast<int>(took.size());
    const auto before = steady_clock::now();
    EXPECT_EQ(c.call<int>("says", i), i);
    took.push_back(steady_clock::now() - before);
  }
  const auto at = took.begin() + static_cast<std::ptrdiff_t>(took.size() * 99 / 100);
  std::nth_element(took.begin(), at, took.end());
  return *at;
}

/// Whether calls that log so take about as long as those of the same app without a log. The machine does something else, too: the best of
/// a few rounds counts, each with its own measure.
template <class Log>
bool costs_no_time(const Log& log) {
  for (int round = 0; round < 3; ++round) {
    app silent;
    silent.set_log(nullptr);
    const auto without = p99_of_calls(silent);
    app logs;
    const auto enough_dropped = log(logs);
    if (p99_of_calls(logs) < 3 * without + 5ms && enough_dropped()) return true;
  }
  return false;
}

/// The log goes into this descriptor, and so many lines of each run are dropped at least.
bool costs_no_time(int descriptor, std::size_t least_dropped) {
  return costs_no_time([=](app& a) {
    logging_options o{.descriptor = descriptor, .waiting = 64 * 1024};
    o.levels.set(log_room::access, log_level::debug);
    const auto log = std::make_shared<logging>(std::move(o));
    a.use(log);
    return [=] { return log->dropped() >= least_dropped; };
  });
}

TEST(LogUnderLoad, PipeThatNobodyReadsDelaysNoCall) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::fcntl(ends[1], F_SETPIPE_SZ, 4096);

  EXPECT_TRUE(costs_no_time(ends[1], 2000)); // 1.5 MB of lines, where 68 KiB have room
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(LogUnderLoad, FullDiskDelaysNoCall) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);

  EXPECT_TRUE(costs_no_time(full, calls / 2));
  ::close(full);
}

TEST(LogUnderLoad, ClosedDescriptorDelaysNoCall) {
  const int closed = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::close(closed);

  EXPECT_TRUE(costs_no_time(closed, calls / 2));
}

TEST(LogUnderLoad, LogThatHoldsEachCallWouldShow) {
  const auto slow = [](app& a) {
    a.set_log([](const log_entry&) { std::this_thread::sleep_for(20ms); });
    return [] { return true; };
  };

  EXPECT_FALSE(costs_no_time(slow));
}

} // namespace
} // namespace swill
