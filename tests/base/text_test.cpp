#include "libswill/base/text.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace swill {
namespace {

bool is_ascii_letter(unsigned c) { return c < 128 && std::isalpha(static_cast<int>(c)) != 0; }

TEST(Text, IsTheSameInAnyCaseOfTheLettersOfAsciiAlone) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const bool same = a == b || (is_ascii_letter(a) && is_ascii_letter(b) && (a | 0x20) == (b | 0x20));
      std::string x = "Sec-WebSocket-Key";
      std::string y = "sec-WEBSOCKET-key";
      x[7] = static_cast<char>(a);
      y[7] = static_cast<char>(b);
      ASSERT_EQ(same_in_any_case(x, y), same) << a << ' ' << b;
    }
  }
  EXPECT_TRUE(same_in_any_case({}, ""));
  EXPECT_FALSE(same_in_any_case("a", ""));
  EXPECT_FALSE(same_in_any_case("Upgrade", "Upgrade1"));
}

TEST(WordCharacters, AreLettersDigitsAndTheOthers) {
  static constexpr word_characters some{"+/"};
  for (unsigned c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    EXPECT_EQ(some.has(static_cast<char>(c)), is_ascii_letter(c) || digit || c == '+' || c == '/') << c;
  }
}

} // namespace
} // namespace swill
