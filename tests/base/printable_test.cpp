#include "libswill/base/printable.hpp"

#include <gtest/gtest.h>

namespace swill {
namespace {

TEST(Printable, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[2Jb\x07\r\n\t\x7f"), "a\\x1b[2Jb\\x07\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\x9b31m")
      << "CSI as one character";
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "evil\xE2\x81\xA9\xD8\x9C\xE2\x80\xA8"),
            "\\u202eevil\\u2069\\u061c\\u2028");
  EXPECT_EQ(printable({"\0", 1}), "\\x00");
}

TEST(Printable, ShowsBytesThatAreNoText) {
  EXPECT_EQ(printable("\x9b"
                      "31m\xff\xC3"),
            "\\x9b31m\\xff\\xc3");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(Printable, LeavesTextAsItIs) {
  const char* text = "Größe 漢字 שלום 👩‍🚀 \\x1b \xC2\xA0";
  EXPECT_EQ(printable(text), text);
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, KeepsNewlinesWhereTheyAreOurs) {
  EXPECT_EQ(printable("a\n\x1b"
                      "b\r\n",
                      newlines::kept),
            "a\n\\x1b"
            "b\\x0d\n");
}

} // namespace
} // namespace swill
