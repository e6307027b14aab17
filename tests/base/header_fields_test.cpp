#include "libswill/base/header_fields.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace swill::header_fields {
namespace {

TEST(HeaderFields, CompareTokensInAnyCase) {
  EXPECT_TRUE(same_token("X-Forwarded-For", "x-forwarded-FOR"));
  EXPECT_TRUE(same_token("", ""));
  EXPECT_FALSE(same_token("https", "http"));
  EXPECT_FALSE(same_token("[", "{")) << "which differ as letters do";
}

TEST(HeaderFields, MayTravelWhenTheyCannotBreakOutOfTheirLine) {
  EXPECT_TRUE(may_travel("Set-Cookie", "a=b; Path=/"));
  EXPECT_TRUE(may_travel("X", "h\xc3\xa9\ty"));
  for (const char* value : {"a\nb", "a\rb", "\x7f", "\x01"}) EXPECT_FALSE(may_travel("X", value));
  for (const char* name : {"", "a b", "a:", "a\r", "\xc3\xa9"}) EXPECT_FALSE(may_travel(name, "x"));
}

TEST(HeaderFields, KnowHowLongTextIsPrintable) {
  for (std::size_t length = 1; length < 20; ++length) {
    EXPECT_EQ(printable_length(std::string(length, '~')), length);
    for (std::size_t at = 0; at < length; ++at) {
      for (unsigned c = 0; c < 256; ++c) {
        std::string s(length, ' ');
        s[at] = static_cast<char>(c);
        const bool is_printable = c >= 0x20 && c < 0x7f;
        ASSERT_EQ(printable_length(s), is_printable ? length : at) << length << ' ' << c;
        const bool is_control = !is_printable && c < 0x80 && c != '\t';
        ASSERT_EQ(may_travel("X", s), !is_control) << length << ' ' << c;
      }
    }
  }
}

TEST(HeaderFields, FindTokensInLists) {
  EXPECT_TRUE(list_has("keep-alive ,\tUPGRADE", "upgrade"));
  EXPECT_FALSE(list_has("keep-alive, upgrade/1", "upgrade"));
  EXPECT_FALSE(list_has("", ""));
  EXPECT_FALSE(list_has(", ,", "")) << "an element that is empty is none";
  const header_list several{{"Connection", "a"}, {"Upgrade", "b"}, {"connection", "c, D"}};
  EXPECT_TRUE(lists(several, "Connection", "d"));
  EXPECT_FALSE(lists(several, "Connection", "b"));
}

TEST(HeaderFields, FindTheTokenOfABearer) {
  for (const char* text : {"Bearer abc", "bearer abc", "BEARER  abc", " Bearer \t abc  "})
    EXPECT_EQ(bearer_token(text), "abc") << text;
  for (const char* text : {"", "Bearer", "Bearer ", "Basic abc", "Bearerabc", "Bearer,abc"})
    EXPECT_EQ(bearer_token(text), std::nullopt) << text;
}

TEST(HeaderFields, FindTheEndsOfAList) {
  EXPECT_EQ(first_element("https, http"), "https");
  EXPECT_EQ(last_element("https,\thttp "), "http");
  EXPECT_EQ(first_element(" https "), "https");
  EXPECT_EQ(last_element(" https "), "https");
  EXPECT_EQ(first_element(", x"), "");
  EXPECT_EQ(last_element(""), "");
}

} // namespace
} // namespace swill::header_fields
