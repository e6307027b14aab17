#include "libswill/logging/logging.hpp"

#include "libswill/server/test_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

// A log that does not get out costs lines, and no caller any time. The calls and the loop that serves them are on this thread, so
// whatever holds the loop shows.

namespace swill {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int calls = 3000;

struct measured {
  steady_clock::duration p99{};
  std::size_t dropped = 0;
};

/// Calls that each log half a KiB, into this descriptor.
measured call_while_logging_to(int descriptor) {
  logging_options o{.descriptor = descriptor, .waiting = 64 * 1024};
  o.levels.set(log_room::access, log_level::debug);
  const auto log = std::make_shared<logging>(std::move(o));
  app a;
  a.use(log);
  a.handle("says", [](request<int> r) {
    r.context().log(log_level::info, std::string(500, 'x'), {{"n", r.data()}});
    return r.data();
  });
  test_server s{a};
  test_client c{s};
  std::vector<steady_clock::duration> took;
  for (int i = 0; i < calls; ++i) {
    const auto before = steady_clock::now();
    EXPECT_EQ(c.call<int>("says", i), i);
    took.push_back(steady_clock::now() - before);
  }
  const auto at = took.begin() + static_cast<std::ptrdiff_t>(took.size() * 99 / 100);
  std::nth_element(took.begin(), at, took.end());
  return {*at, log->dropped()};
}

class LogUnderLoad : public testing::Test {
protected:
  static void SetUpTestSuite() {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const measured good = call_while_logging_to(nowhere);
    ::close(nowhere);
    bound_ = 10 * good.p99 + 100ms; // the machine does something else, too; a log that blocks takes for ever
  }
  static steady_clock::duration bound_;
};

steady_clock::duration LogUnderLoad::bound_{};

TEST_F(LogUnderLoad, PipeThatNobodyReadsDelaysNoCall) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::fcntl(ends[1], F_SETPIPE_SZ, 4096);

  const measured m = call_while_logging_to(ends[1]);

  EXPECT_LT(m.p99, bound_);
  EXPECT_GT(m.dropped, 2000U); // 1.5 MB of lines, where 68 KiB have room
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(LogUnderLoad, FullDiskDelaysNoCall) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);

  const measured m = call_while_logging_to(full);

  EXPECT_LT(m.p99, bound_);
  EXPECT_GE(m.dropped, static_cast<std::size_t>(calls) / 2);
  ::close(full);
}

TEST_F(LogUnderLoad, ClosedDescriptorDelaysNoCall) {
  const int closed = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::close(closed);

  const measured m = call_while_logging_to(closed);

  EXPECT_LT(m.p99, bound_);
  EXPECT_GE(m.dropped, static_cast<std::size_t>(calls) / 2);
}

} // namespace
} // namespace swill
