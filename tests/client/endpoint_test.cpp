#include "libswill/client/detail/endpoint.hpp"

#include "libswill/client/errors.hpp"

#include <gtest/gtest.h>

namespace swill::client_detail {
namespace {

TEST(Endpoint, ReadsUrls) {
  const auto plain = endpoint::parse("ws://example.org", "/ws");
  EXPECT_EQ(plain.host, "example.org");
  EXPECT_EQ(plain.port, "80");
  EXPECT_EQ(plain.target, "/ws");
  const auto full = endpoint::parse("ws://[::1]:8080/a/b?c=d", "/ws");
  EXPECT_EQ(full.host, "::1");
  EXPECT_EQ(full.port, "8080");
  EXPECT_EQ(full.target, "/a/b?c=d");
  EXPECT_EQ(full.authority, "[::1]:8080");
  EXPECT_EQ(endpoint::parse("ws://h?log=1", "/ws").target, "/ws?log=1");
  EXPECT_EQ(endpoint::parse("ws://h/", "/ws").target, "/");
}

TEST(Endpoint, TakesASchemeInAnyCase) {
  EXPECT_EQ(endpoint::parse("WS://h/Path", "/ws").target, "/Path");
  EXPECT_EQ(endpoint::parse("Unix:/Run/s.sock", "/ws").unix_path, "/Run/s.sock");
}

TEST(Endpoint, ReadsUnixSockets) {
  const auto e = endpoint::parse("unix:/run/s.sock", "/ws?x");
  EXPECT_TRUE(e.is_unix());
  EXPECT_EQ(e.unix_path, "/run/s.sock");
  EXPECT_EQ(e.target, "/ws?x");
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "ws://", "ws://:80/", "ws://h:0/", "ws://h:70000/", "ws://h:x/", "ws://h/a b", "ws://[::1/", "ws://u:p@h/",
        "ws://h/#x", "http://h/", "https://h/", "wss:///", "unix:", "ws://h/\r\nX: y"}) {
    try {
      (void)endpoint::parse(bad, "/ws");
      ADD_FAILURE() << bad;
    } catch (const connect_error& e) {
      EXPECT_EQ(e.why, connect_error::kind::bad_url) << bad;
    }
  }
}

TEST(Endpoint, TellsTlsByTheScheme) {
  const auto plain = endpoint::parse("ws://h/", "/ws");
  EXPECT_FALSE(plain.tls);
  for (const char* url : {"wss://h", "WSS://h"}) {
    const auto e = endpoint::parse(url, "/ws");
    EXPECT_TRUE(e.tls);
    EXPECT_EQ(e.host, "h");
    EXPECT_EQ(e.port, "443");
    EXPECT_EQ(e.authority, "h");
    EXPECT_EQ(e.target, "/ws");
  }
  EXPECT_EQ(endpoint::parse("wss://h:8443/x", "/ws").port, "8443");
}

} // namespace
} // namespace swill::client_detail
