#include "libswill/transport/origin.hpp"

#include "libswill/net/http/request.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace swill::transport {
namespace {

std::string refusal_of(const std::string& text) {
  try {
    static_cast<void>(origin_list{text});
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

TEST(Origins, AreTheSameHoweverTheyAreWritten) {
  for (const auto* text : {"https://h.example", "https://h.example/", "https://h.example:443", "HTTPS://H.Example",
                           "https://h.example:443/", "https://h.example:0443"}) {
    const origin_list list{text};
    EXPECT_TRUE(list.allows("https://h.example")) << text;
    for (const auto* other :
         {"http://h.example", "https://h.example:8443", "https://a.h.example", "https://h.example.evil", "null", "",
          "https://h.example/", "https://h.example http://evil"})
      EXPECT_FALSE(list.allows(other)) << text << ' ' << other;
  }
  EXPECT_TRUE(origin_list{"http://[0:0::1]:80"}.allows("http://[::1]"));
  EXPECT_TRUE(origin_list{"http://127.0.0.1:8080"}.allows("http://127.0.0.1:8080"));
  EXPECT_TRUE(origin_list{"Chrome-Extension://abc"}.allows("chrome-extension://abc"));
  EXPECT_TRUE(origin_list{"https://h.example"}.allows("https://H.example:443")); // no browser, but it says the same
}

TEST(Origins, AreAnyWithoutAListOrWithAStar) {
  for (const auto& list : {origin_list{}, origin_list{std::vector<std::string>{}}, origin_list{"https://a", "*"}})
    for (const auto* text : {"https://h.example", "null", "", "garbage"}) EXPECT_TRUE(list.allows(text));
}

TEST(Origins, OfNoPageMustBeAllowedByName) {
  EXPECT_TRUE(origin_list{"null"}.allows("null"));
  EXPECT_FALSE(origin_list{"null"}.allows("https://h"));
}

TEST(Origins, HaveWildcardsForAllNamesBelowADomain) {
  const origin_list list{"https://*.h.example", "http://*.h.example:8080"};

  for (const auto* text : {"https://a.h.example", "https://b.a.h.example", "http://a.h.example:8080"})
    EXPECT_TRUE(list.allows(text)) << text;
  for (const auto* text : {"https://h.example", "https://.h.example:1", "https://xh.example", "http://a.h.example",
                           "https://a.h.example.evil", "https://a.h.example:8443"})
    EXPECT_FALSE(list.allows(text)) << text;
}

TEST(Origins, AreRefusedWhereTheyCanNeverMatch) {
  for (const auto* text : {"h.example",
                           "",
                           "https://",
                           "https:h",
                           "https://h/path",
                           "https://h?q",
                           "https://h#f",
                           "https://u@h",
                           "https://h:",
                           "https://h:x",
                           "https://h:65536",
                           "https://a b",
                           "https://h\xc3\xa9",
                           "https://*",
                           "https://*.",
                           "https://a.*.h",
                           "https://*.*.h",
                           "https://a*.h",
                           "https://[::1",
                           "https://[x]",
                           "1http://h",
                           "wss://h",
                           "**"}) {
    const auto why = refusal_of(text);
    EXPECT_NE(why.find("'" + std::string{text} + "'"), why.npos) << text << ": " << why;
  }
}

TEST(Hosts, AreThoseOfRfc3986) {
  for (const auto* host : {"", "h", "a-b.example", "127.0.0.1", "[::1]", "a_b", "a%20b", "a,b"})
    EXPECT_TRUE(net::http::is_host(host)) << host;
  for (const auto* host :
       {"a b", "a/b", "<a>", "a@b", "a:b", "a%2", "a%zz", "[::1", "[]", "[x]", "h\xc3\xa9", "a\\b", "a\"b"})
    EXPECT_FALSE(net::http::is_host(host)) << host;
}

} // namespace
} // namespace swill::transport
