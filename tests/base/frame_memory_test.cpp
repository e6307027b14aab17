#include "libswill/base/frame_memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace swill::detail {
namespace {

TEST(FrameMemory, GivesEachItsOwn) {
  std::vector<std::pair<void*, std::size_t>> all;
  std::set<void*> seen;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t size = 1; size < 3000; size += 7) {
      void* const p = take_frame(size);
      std::memset(p, 0x5a, size);
      EXPECT_TRUE(seen.insert(p).second);
      all.emplace_back(p, size);
    }
    for (const auto& [p, size] : all) give_frame(p, size);
    all.clear();
    seen.clear();
  }
}

TEST(FrameMemory, AnotherThreadMayGiveItBack) {
  std::vector<void*> all;
  for (int i = 0; i < 1000; ++i) all.push_back(take_frame(320));
  std::thread{[&] {
    for (void* p : all) give_frame(p, 320);
    give_frame(take_frame(320), 320);
  }}.join();
  void* const mine = take_frame(320);
  std::memset(mine, 0, 320);
  give_frame(mine, 320);
}

TEST(FrameMemory, HoldsSharedObjects) {
  const auto p = std::allocate_shared<std::vector<int>>(frame_allocator<std::vector<int>>{}, 3, 7);
  EXPECT_EQ(*p, (std::vector<int>{7, 7, 7}));
}

} // namespace
} // namespace swill::detail
