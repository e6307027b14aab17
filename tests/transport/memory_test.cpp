#include "libswill/transport/detail/memory.hpp"

#include "libswill/base/manual_loop.hpp"
#include "libswill/transport/detail/memory_return.hpp"
#include "tests/support/child_process.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace swill::transport::detail {
namespace {

constexpr std::size_t mib = 1024 * 1024;

// A /proc and a /sys of its own.
class Memory : public testing::Test {
protected:
  Memory() : root_(testing::TempDir() + "swill_memory_" + std::to_string(::getpid())) {}
  ~Memory() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) const {
    const std::filesystem::path file{root_ + path};
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file} << text << '\n';
  }

  std::string root_;
};

TEST_F(Memory, IsTheMachinesWithoutGroups) {
  const std::size_t all = usable_memory(root_);

  EXPECT_GT(all, 64 * mib);
  EXPECT_LT(all, SIZE_MAX);
}

TEST_F(Memory, IsWhatTheGroupMayUse) {
  put("/proc/self/cgroup", "0::/a/b");
  put("/sys/fs/cgroup/a/b/memory.max", "33554432");

  EXPECT_EQ(usable_memory(root_), 32 * mib);
}

TEST_F(Memory, IsBoundedByTheGroupsAbove) {
  put("/proc/self/cgroup", "0::/a/b");
  put("/sys/fs/cgroup/a/b/memory.max", "max");
  put("/sys/fs/cgroup/a/memory.max", "16777216");

  EXPECT_EQ(usable_memory(root_), 16 * mib);
}

TEST_F(Memory, IsThatOfAContainer) {
  put("/proc/self/cgroup", "0::/");
  put("/sys/fs/cgroup/memory.max", "8388608");

  EXPECT_EQ(usable_memory(root_), 8 * mib);
}

TEST_F(Memory, IsWhatAGroupOfVersion1MayUse) {
  put("/proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n1:name=systemd:/x");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864"); // the path is the host's

  EXPECT_EQ(usable_memory(root_), 64 * mib);
}

TEST_F(Memory, OfTheServerIsAQuarterOfThat) {
  EXPECT_EQ(server_memory(0, 512 * mib, mib), 128 * mib);
  EXPECT_EQ(server_memory(0, 512 * 1024 * mib, mib), 256 * mib); // more is nobody's default
  EXPECT_EQ(server_memory(0, 16 * mib, mib), 8 * mib);           // eight messages fit
  EXPECT_EQ(server_memory(64 * mib, 16 * mib, mib), 64 * mib);
  EXPECT_EQ(server_memory(mib, 16 * mib, mib), 8 * mib);
  EXPECT_EQ(server_memory(0, 16 * mib, SIZE_MAX), SIZE_MAX);
}

TEST_F(Memory, IsSharedByHalves) {
  memory_account account{mib};
  EXPECT_EQ(account.share(), mib / 2);
  account.change(0, mib / 2);
  EXPECT_EQ(account.share(), mib / 4);
  account.change(0, mib);
  EXPECT_EQ(account.share(), least_share);
  account.change(mib, 0);
  EXPECT_EQ(account.used(), mib / 2);
}

TEST(MemoryReturn, LooksWhenMuchLessIsKeptThanBefore) {
  manual_loop l;
  const auto m = std::make_shared<memory_return>(l);
  const auto timers = [&l] {
    l.run_until_idle();
    return l.timers();
  };

  m->note(40 * mib);
  m->note(9 * mib);
  EXPECT_EQ(timers(), 0U) << "31 MiB";
  m->note(8 * mib);
  EXPECT_EQ(timers(), 1U);
  l.advance(std::chrono::seconds{5});
  m->note(0);
  EXPECT_EQ(timers(), 0U) << "no more than 8 MiB were kept since";
  m->note(32 * mib);
  m->note(0);
  EXPECT_EQ(timers(), 1U);

  m->stop();
  EXPECT_EQ(timers(), 0U);
  m->note(100 * mib);
  m->note(0);
  EXPECT_EQ(timers(), 0U);
}

TEST(MemoryReturn, GivesBackWhatWasFreed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps what is freed";
#endif
  manual_loop l;
  const auto m = std::make_shared<memory_return>(l);
  m->note(40 * mib);
  std::vector<std::string> kept(40 * 1024, std::string(1000, 'x'));
  const std::string above(100'000, 'x'); // what is freed below it the allocator keeps, unless it is asked for it
  kept.clear();
  const std::size_t before = test::memory_of(::getpid());
  m->note(0);
  l.run_until_idle();

  l.advance(std::chrono::seconds{5});

  EXPECT_LT(test::memory_of(::getpid()) + 30 * mib, before);
}

} // namespace
} // namespace swill::transport::detail
