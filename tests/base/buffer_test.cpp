#include "libswill/base/buffer.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>

namespace swill {
namespace {

buffer holding(std::string_view s) {
  buffer b;
  b.append(as_bytes(s));
  return b;
}

TEST(Buffer, IsEmptyAtFirstAndOwnsNothing) {
  const buffer b;

  EXPECT_TRUE(b.empty());
  EXPECT_EQ(b.capacity(), 0U);
  EXPECT_TRUE(b.view().empty());
}

TEST(Buffer, AppendsInOrder) {
  buffer b = holding("ab");

  b.push_back(std::byte{'c'});
  b.append("de", 2);
  b.append(bytes_view{});

  EXPECT_EQ(as_text(b.view()), "abcde");
}

TEST(Buffer, KeepsItsContentWhileGrowing) {
  buffer b;
  std::string expected;

  for (int i = 0; i < 10'000; ++i) {
    b.push_back(static_cast<std::byte>(i));
    expected += static_cast<char>(i);
  }

  EXPECT_EQ(as_text(b.view()), expected);
  EXPECT_GE(b.capacity(), b.size());
}

TEST(Buffer, GrowsGeometrically) {
  buffer b;
  int moves = 0;
  std::size_t capacity = 0;

  for (int i = 0; i < 1'000'000; ++i) {
    b.push_back(std::byte{1});
    moves += b.capacity() != std::exchange(capacity, b.capacity());
  }

  EXPECT_LT(moves, 64);
}

TEST(Buffer, CountsReservedBytesOnlyWhenCommitted) {
  buffer b = holding("ab");

  std::byte* to = b.reserve(100);
  to[0] = std::byte{'c'};
  EXPECT_EQ(b.size(), 2U);
  b.commit(1);

  EXPECT_EQ(as_text(b.view()), "abc");
  EXPECT_GE(b.capacity(), 102U);
}

TEST(Buffer, DoesNotMoveWithinItsCapacity) {
  buffer b;
  const std::byte* before = b.reserve(64);

  for (int i = 0; i < 64; ++i) b.push_back(std::byte{1});

  EXPECT_EQ(b.data(), before);
}

TEST(Buffer, OpensAGap) {
  buffer b = holding("adef");

  b.insert_gap(1, 2);
  std::memcpy(b.data() + 1, "bc", 2);

  EXPECT_EQ(as_text(b.view()), "abcdef");
}

TEST(Buffer, OpensAGapAtItsEnds) {
  buffer b = holding("b");

  b.insert_gap(1, 1);
  b.insert_gap(0, 1);
  b.data()[0] = std::byte{'a'};
  b.data()[2] = std::byte{'c'};

  EXPECT_EQ(as_text(b.view()), "abc");
}

TEST(Buffer, ForgetsItsBeginningAndItsEnd) {
  buffer b = holding("abcdef");

  b.consume(2);
  b.truncate(3);
  EXPECT_EQ(as_text(b.view()), "cde");
  b.consume(3);

  EXPECT_TRUE(b.empty());
}

TEST(Buffer, KeepsItsMemoryWhenClearedAndGivesItBackWhenReleased) {
  buffer b = holding("abc");
  const std::size_t capacity = b.capacity();

  b.clear();
  EXPECT_EQ(b.capacity(), capacity);
  b.release();

  EXPECT_EQ(b.capacity(), 0U);
  EXPECT_TRUE(b.empty());
}

TEST(Buffer, MovesAndLeavesNothingBehind) {
  buffer a = holding("abc");

  buffer b{std::move(a)};
  buffer c = holding("old");
  c = std::move(b);

  EXPECT_EQ(as_text(c.view()), "abc");
  EXPECT_TRUE(a.empty()); // NOLINT(bugprone-use-after-move): what a move leaves is part of the contract
  EXPECT_TRUE(b.empty()); // NOLINT(bugprone-use-after-move)
}

TEST(Buffer, Swaps) {
  buffer a = holding("a");
  buffer b = holding("bb");

  a.swap(b);

  EXPECT_EQ(as_text(a.view()), "bb");
  EXPECT_EQ(as_text(b.view()), "a");
}

} // namespace
} // namespace swill
