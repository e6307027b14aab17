#include "libswill/api/connection.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
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

TEST(Connection, GivesEachCookieInItsOrder) {
  handshake_request r;
  r.headers = {{"cookie", "a=1; b=\"2\";a=3"}, {"Host", "x=y"}, {"Cookie", "; c ; d = 4=5 "}};
  const connection c{"c1", r};
  std::vector<std::pair<std::string, std::string>> seen;
  c.for_each_cookie([&](std::string_view name, std::string_view text) { seen.emplace_back(name, text); });

  const std::vector<std::pair<std::string, std::string>> expected{{"a", "1"}, {"b", "2"}, {"a", "3"}, {"d", "4=5"}};
  EXPECT_EQ(seen, expected);
}

TEST(Connection, GivesBackItsRequest) {
  handshake_request r;
  r.method = "GET";
  r.target = "/ws?a=1";
  r.headers = {{"Host", "x"}, {"X-Empty", ""}};
  r.remote_address = "1.2.3.4";
  r.remote_port = 5;
  r.tls = true;
  r.subprotocol = "swill.v1";
  connection c{"c1", r};
  c.set_remote_address("2001:db8::1");

  const handshake_request got = c.request();
  EXPECT_EQ(got.method, "GET");
  EXPECT_EQ(got.target, "/ws?a=1");
  EXPECT_EQ(got.headers, r.headers);
  EXPECT_EQ(got.remote_address, "2001:db8::1");
  EXPECT_EQ(got.remote_port, 5);
  EXPECT_TRUE(got.tls);
  EXPECT_EQ(got.subprotocol, "swill.v1");
  EXPECT_EQ(c.header("x-empty"), "");
  EXPECT_EQ(c.header("x-none"), std::nullopt);
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
