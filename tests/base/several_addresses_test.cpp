#include "libswill/base/several_addresses.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace swill {
namespace {

TEST(SeveralAddresses, AreFoundInOneText) {
  const std::vector<std::string> two{"0.0.0.0:80", "127.0.0.1:81"};

  for (const char* text : {"0.0.0.0:80,127.0.0.1:81", "0.0.0.0:80, 127.0.0.1:81", " 0.0.0.0:80;127.0.0.1:81,"})
    EXPECT_EQ(several_addresses(text), two) << text;
  EXPECT_EQ(several_addresses("[::1]:80 [::]:81"), (std::vector<std::string>{"[::1]:80", "[::]:81"}));
  for (const char* text : {"", ",", "0.0.0.0:80", "0.0.0.0:80,", "my host:80", "::1:80"})
    EXPECT_TRUE(several_addresses(text).empty()) << text;
}

} // namespace
} // namespace swill
