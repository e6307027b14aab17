#include "libswill/base/encoding.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace swill {
namespace {

std::string decoded(std::string_view text) {
  const auto data = from_base64(text);
  return data ? std::string{as_text(*data)} : "nothing";
}

TEST(Encoding, HexHasTwoDigitsForEachByte) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex(as_bytes(std::string_view{"\x00\x0f\xa5\xff", 4})), "000fa5ff");
}

TEST(Encoding, AHexDigitIsReadInBothCases) {
  for (const auto& [c, is] : {std::pair{'0', 0}, {'9', 9}, {'a', 10}, {'f', 15}, {'A', 10}, {'F', 15}})
    EXPECT_EQ(hex_digit(c), is) << c;
  for (const char c : {'/', ':', '@', 'G', '`', 'g', '\xe9'}) EXPECT_EQ(hex_digit(c), -1) << c;
}

// RFC 4648 §10
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> vectors{{{"", ""},
                                                                                {"f", "Zg=="},
                                                                                {"fo", "Zm8="},
                                                                                {"foo", "Zm9v"},
                                                                                {"foob", "Zm9vYg=="},
                                                                                {"fooba", "Zm9vYmE="},
                                                                                {"foobar", "Zm9vYmFy"}}};

TEST(Encoding, Base64FollowsTheRfc) {
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    EXPECT_EQ(decoded(text), plain) << text;
    EXPECT_EQ(decoded(text.substr(0, text.find('='))), plain) << text; // without padding
  }
}

TEST(Encoding, Base64KeepsEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(decoded(to_base64(as_bytes(all))), all);
}

TEST(Encoding, Base64IsReadInBothAlphabets) {
  EXPECT_EQ(decoded("+/+/"), "\xfb\xff\xbf");
  EXPECT_EQ(decoded("-_-_"), "\xfb\xff\xbf");
}

TEST(Encoding, WhatIsNoBase64IsNothing) {
  for (const char* text : {"A", "AAAAA", "AA=A", " AAA", "AAA ", "AA\nA", "A*AA", "\xc3\xa9", "AA A"})
    EXPECT_FALSE(from_base64(text)) << text;
}

} // namespace
} // namespace swill
