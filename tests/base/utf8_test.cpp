#include "libswill/base/utf8.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace swill {
namespace {

/// Any code point in the form that its size asks for, surrogates and too large ones included.
std::string encode(unsigned c) {
  const auto byte = [](unsigned b) { return static_cast<char>(b); };
  const auto tail = [&](unsigned shift) { return byte(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xc0 | (c >> 6)), tail(0)};
  if (c < 0x10000) return {byte(0xe0 | (c >> 12)), tail(6), tail(0)};
  return {byte(0xf0 | (c >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, AcceptsEveryCodePointButSurrogates) {
  for (unsigned c = 0; c < 0x110800; ++c) {
    const bool expected = c < 0x110000 && (c < 0xd800 || c > 0xdfff);

    ASSERT_EQ(valid_utf8(encode(c)), expected) << std::hex << c;
  }
}

TEST(Utf8, RejectsOverlongForms) {
  for (const std::string_view s :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf"}) {
    EXPECT_FALSE(valid_utf8(s));
  }
}

TEST(Utf8, RejectsStrayAndMissingBytes) {
  for (const std::string_view s :
       {"\x80", "\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xe2(\xac", "\xe2\x82(", "\xf0\x9f\x98", "\xf0\x9f(\x80",
        "\xf0\x9f\x98(", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    EXPECT_FALSE(valid_utf8(s));
  }
}

TEST(Utf8, FindsABadByteAtEveryOffset) {
  for (std::size_t length = 1; length < 40; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string s(length, 'a');
      EXPECT_TRUE(valid_utf8(s));

      s[at] = '\xff';

      EXPECT_FALSE(valid_utf8(s)) << length << ' ' << at;
    }
  }
}

TEST(Utf8, AcceptsACharacterAtEveryOffset) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (std::size_t at = 0; at <= length; ++at) {
      std::string s(length, 'a');
      s.insert(at, "\xc3\xa9");
      EXPECT_TRUE(valid_utf8(s)) << length << ' ' << at;
    }
  }
}

TEST(Utf8, CountsCodePoints) {
  EXPECT_EQ(count_code_points(""), 0U);
  EXPECT_EQ(count_code_points("abc"), 3U);
  EXPECT_EQ(count_code_points("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), 4U);
}

TEST(Utf8, MendsWhatIsNotValid) {
  EXPECT_EQ(make_valid_utf8(""), "");
  EXPECT_EQ(make_valid_utf8("a\xc3\xa9"), "a\xc3\xa9");
  EXPECT_EQ(make_valid_utf8("a\xff\xc3"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(valid_utf8(make_valid_utf8("\xf0\x9f\x98 \xed\xa0\x80")));
}

} // namespace
} // namespace swill
