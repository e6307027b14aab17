#include "libswill/base/likely_path.hpp"

#include <gtest/gtest.h>

namespace swill {
namespace {

TEST(LikelyPath, IsThatOfAUrl) {
  EXPECT_EQ(likely_path("http://h/a"), "/a");
  EXPECT_EQ(likely_path("ws://h:1/a/b?c=/d#e"), "/a/b");
  for (const char* url : {"ws://h", "ws://h/", "ws://", "ws://h?a=/b"}) EXPECT_EQ(likely_path(url), "/") << url;
}

TEST(LikelyPath, HasASlashAtItsBeginningAlone) {
  EXPECT_EQ(likely_path("a/b/"), "/a/b");
  EXPECT_EQ(likely_path("/a//"), "/a");
  EXPECT_EQ(likely_path("/x://y"), "/x://y");
  EXPECT_EQ(likely_path(""), "/");
}

} // namespace
} // namespace swill
