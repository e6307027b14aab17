#include "libswill/base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

namespace swill {
namespace {

TEST(Random, IsHexOfTwiceTheLengthAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_hex(16));
  EXPECT_EQ(seen.size(), 1000U);
  for (const auto& s : seen) {
    EXPECT_EQ(s.size(), 32U);
    EXPECT_EQ(s.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
}

TEST(Random, UsesEveryDigit) {
  const std::string many = random_hex(4096);
  for (const char c : std::string_view{"0123456789abcdef"}) EXPECT_NE(many.find(c), std::string::npos) << c;
}

TEST(Random, IsAnotherInAChildOfFork) {
  using few_bytes = std::array<char, 16>;
  fill_random(few_bytes{}.data(), 1); // from now on this thread has some at hand
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);

  const pid_t child = ::fork();
  few_bytes ours;
  fill_random(ours.data(), ours.size());
  if (child == 0) ::_exit(::write(ends[1], ours.data(), ours.size()) == static_cast<ssize_t>(ours.size()) ? 0 : 1);
  ASSERT_GT(child, 0);
  ::close(ends[1]);
  few_bytes theirs{};
  const ssize_t got = ::read(ends[0], theirs.data(), theirs.size());
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);

  EXPECT_EQ(got, static_cast<ssize_t>(theirs.size()));
  EXPECT_EQ(status, 0);
  EXPECT_NE(ours, theirs);
}

} // namespace
} // namespace swill
