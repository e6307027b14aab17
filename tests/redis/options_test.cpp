#include "libswill/redis/options.hpp"

#include <gtest/gtest.h>

namespace swill::redis {
namespace {

TEST(RedisOptions, ReadsEveryPartOfAnAddress) {
  const auto o = options::parse("redis://ann:p%40ss%3aword@[::1]:7000/3");

  ASSERT_TRUE(o);
  EXPECT_EQ(o->host, "::1");
  EXPECT_EQ(o->port, 7000);
  EXPECT_EQ(o->user, "ann");
  EXPECT_EQ(o->password, "p@ss:word");
  EXPECT_EQ(o->database, 3U);
  EXPECT_EQ(o->text(), "redis://[::1]:7000/3") << "no password in a log";
}

TEST(RedisOptions, FillsInWhatAnAddressLeavesOut) {
  EXPECT_EQ(options::parse("redis://example.org")->text(), "redis://example.org:6379/0");
  EXPECT_EQ(options::parse("redis://example.org/")->text(), "redis://example.org:6379/0");
  EXPECT_EQ(options::parse("redis://:secret@h:1")->password, "secret");
  EXPECT_EQ(options::parse("redis://:secret@h:1")->user, "");
  EXPECT_EQ(options::parse("unix:///run/r%20s")->unix_path, "/run/r s");
  EXPECT_EQ(options::parse("unix:///run/r?db=12")->database, 12U);
  EXPECT_EQ(options::parse("unix://u:p@/run/r")->user, "u");
}

TEST(RedisOptions, TakesASchemeInAnyCase) {
  ASSERT_TRUE(options::parse("REDIS://Example.org"));
  EXPECT_EQ(options::parse("REDIS://Example.org")->text(), "redis://Example.org:6379/0");
  ASSERT_TRUE(options::parse("Unix:///Run/R"));
  EXPECT_EQ(options::parse("Unix:///Run/R")->unix_path, "/Run/R");
}

TEST(RedisOptions, SaysWhatIsWrongWithoutTheText) {
  for (const char* bad :
       {"", "http://h", "redis://", "redis://:1", "redis://h:0", "redis://h:70000", "redis://h:x", "redis://h/x",
        "redis://h/-1", "redis://[::1", "redis://%zz", "redis://u@h", "redis://u:%0@h", "redis://h%00", "unix://",
        "unix://relative", "unix:///a?x=1", "unix:///a?db=", "redis://h/1/2"}) {
    const auto o = options::parse(bad);
    ASSERT_FALSE(o) << bad;
    EXPECT_EQ(o.error().code, 400) << bad;
  }
  EXPECT_EQ(options::parse("redis://u:secret@h:x").error().message.find("secret"), std::string::npos);
}

} // namespace
} // namespace swill::redis
