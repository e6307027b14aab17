#include "libswill/api/connection.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace swill {
namespace {

TEST(Connection, TellsWhoWatchesThatItsUserChanged) {
  connection c{"c1", {}};
  std::vector<std::string> seen;
  c.on_user_changed([&](connection& which, const std::string& before) { seen.push_back(before + ">" + which.user()); });

  c.set_user("ann");
  c.set_user("ann");
  c.set_user("bob");
  c.set_user({});

  EXPECT_EQ(seen, (std::vector<std::string>{">ann", "ann>bob", "bob>"}));
  EXPECT_THROW(c.on_user_changed({}), std::invalid_argument);
}

TEST(Connection, FactsOfItsHandshakeAreUtf8WhateverCame) {
  handshake_request r;
  r.method = "GET";
  r.target = "/a\xff?k=%ff+%41&\xfe=1";
  r.headers = {{"User-Agent", "caf\xe9"}, {"Cookie", "a=\xff; b=2"}, {"X-Good", "\xc3\xa9"}};
  r.remote_address = "1.2.3.4\xff";
  connection c{"c1", r};

  EXPECT_EQ(c.path(), "/a\uFFFD");
  EXPECT_EQ(c.header("user-agent"), "caf\uFFFD");
  EXPECT_EQ(c.header("x-good"), "\xc3\xa9");
  EXPECT_EQ(c.cookies().at("a"), "\uFFFD");
  EXPECT_EQ(c.cookies().at("b"), "2");
  EXPECT_EQ(c.argument("k"), "\uFFFD A");
  EXPECT_EQ(c.argument("\uFFFD"), "1");
  EXPECT_EQ(c.remote_address(), "1.2.3.4\uFFFD");
  c.set_remote_address("\xff");
  EXPECT_EQ(c.remote_address(), "\uFFFD");
}

TEST(Connection, HasAUserThatIsUtf8) {
  connection c{"c1", {}};
  EXPECT_THROW(c.set_user("ann\xff"), std::invalid_argument);
  EXPECT_EQ(c.user(), "");
}

TEST(Cookie, HoldsWhatRfc6265Allows) {
  for (const char* text : {"", "abc", "a=b", "!#$%&'()*+-./:<=>?@[]^_`{|}~", "\"quoted\""}) {
    connection c{"c1", {}};
    c.set_cookie("demo", text, "Path=/a b; HttpOnly; SameSite=Lax");
    ASSERT_EQ(c.response_headers().size(), 1U);
    EXPECT_EQ(c.response_headers()[0].second, "demo=" + std::string{text} + "; Path=/a b; HttpOnly; SameSite=Lax");
  }
}

TEST(Cookie, CannotBeGivenAttributesByItsValue) {
  connection c{"c1", {}};
  for (const char* text :
       {"a; Domain=evil.com", "a b", "a,b", "a\"b", "\"", "a\\b", "a\tb", "a\r\nb", "\x7f", "\xc3\xa9"})
    EXPECT_THROW(c.set_cookie("demo", text), std::invalid_argument) << text;
  for (const char* name : {"", "a b", "a=b", "a;b", "a\r\nb", "\xc3\xa9", "a\"b"})
    EXPECT_THROW(c.set_cookie(name, "a"), std::invalid_argument) << name;
  for (const char* attributes : {"Path=/\r\nSet-Cookie: b=c", "Path=/\t", "Path=/\xff"})
    EXPECT_THROW(c.set_cookie("demo", "a", attributes), std::invalid_argument) << attributes;
  EXPECT_TRUE(c.response_headers().empty());
}

TEST(ResponseHeader, IsATokenAndOneLine) {
  connection c{"c1", {}};
  for (const char* name : {"", "a b", "a:b", "a\r\nb", "\xc3\xa9"})
    EXPECT_THROW(c.set_response_header(name, "a"), std::invalid_argument) << name;
  for (const char* text : {"a\r\nb", "a\nb", "a\x01", "\x7f"})
    EXPECT_THROW(c.set_response_header("X-Demo", text), std::invalid_argument) << text;
  EXPECT_TRUE(c.response_headers().empty());
}

} // namespace
} // namespace swill
