#include "libswill/base/random.hpp"

#include <gtest/gtest.h>

#include <set>

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

} // namespace
} // namespace swill
