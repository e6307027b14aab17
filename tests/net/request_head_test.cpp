#include "libswill/net/http/request_head.hpp"

#include <gtest/gtest.h>

namespace swill::net::http {
namespace {

using state = request_head::state;

const std::string request = "GET /ws?a=1 HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 3\r\n\r\n";

TEST(RequestHead, IsTheSameHoweverItIsCut) {
  const std::string input = request + "abc";
  for (std::size_t first = 0; first <= input.size(); ++first) {
    request_head head{1000};
    auto s = head.put(as_bytes(input).first(first));
    if (s == state::incomplete) s = head.put(as_bytes(input));

    ASSERT_EQ(s, state::complete) << first;
    EXPECT_EQ(head.used(), request.size());
    const auto r = head.take();
    EXPECT_EQ(r.method, "GET");
    EXPECT_EQ(r.target, "/ws?a=1");
    EXPECT_EQ(r.version, 11);
    EXPECT_EQ(r.headers, (header_list{{"Host", "x"}, {"X-Two", "1"}, {"X-Two", "2"}, {"Content-Length", "3"}}));
  }
}

TEST(RequestHead, ComesByteByByte) {
  request_head head{1000};
  for (std::size_t n = 1; n < request.size(); ++n)
    ASSERT_EQ(head.put(as_bytes(request).first(n)), state::incomplete) << n;
  EXPECT_EQ(head.put(as_bytes(request)), state::complete);
}

TEST(RequestHead, BeginsAfterEmptyLines) {
  const std::string input = "\r\n\r\n" + request;
  for (std::size_t first = 0; first <= input.size(); ++first) {
    request_head head{1000};
    auto s = head.put(as_bytes(input).first(first));
    if (s == state::incomplete) s = head.put(as_bytes(input));

    ASSERT_EQ(s, state::complete) << first;
    EXPECT_EQ(head.used(), input.size());
  }
  EXPECT_EQ(request_head{100}.put(as_bytes(std::string(100, '\r'))), state::bad);
  std::string empty;
  while (empty.size() < 100) empty += "\r\n";
  EXPECT_EQ(request_head{100}.put(as_bytes(empty)), state::too_large);
  EXPECT_EQ(request_head{100}.put(as_bytes(" \r\n" + request)), state::bad);
}

TEST(RequestHead, TakesLaterMinorVersionsForHttp11) {
  for (const char minor : {'2', '9'}) {
    std::string input = request;
    input[input.find("1.1") + 2] = minor;
    for (std::size_t first = 0; first <= input.size(); ++first) {
      request_head head{1000};
      auto s = head.put(as_bytes(input).first(first));
      if (s == state::incomplete) s = head.put(as_bytes(input));

      ASSERT_EQ(s, state::complete) << first;
      EXPECT_EQ(head.used(), input.size());
      const auto r = head.take();
      EXPECT_EQ(r.version, 11);
      EXPECT_EQ(r.target, "/ws?a=1");
      EXPECT_EQ(r.headers.size(), 4U);
    }
  }
  for (const auto* line : {"GET /ws HTTP/2.0", "GET /ws HTTP/1.10", "GET /ws HTTP/1.x", "GET /ws HTTP/1.",
                           "GET /ws HTTP/9.2", "GET /HTTP/1.2 HTTP/3.1"})
    EXPECT_EQ(request_head{1000}.put(as_bytes(line + std::string{"\r\nHost: x\r\n\r\n"})), state::bad) << line;
}

TEST(RequestHead, HasALimit) {
  EXPECT_EQ(request_head{request.size()}.put(as_bytes(request)), state::complete);
  EXPECT_EQ(request_head{request.size() - 1}.put(as_bytes(request)), state::too_large);
}

TEST(RequestHead, RefusesWhatIsNoHttp) {
  const std::string garbage{"\x00\x01\x02 garbage\r\n\r\n", 14};
  EXPECT_EQ(request_head{1000}.put(as_bytes(garbage)), state::bad);
  EXPECT_EQ(request_head{1000}.put(as_bytes("GET /ws HTTP/1.1\r\nHost x\r\n\r\n")), state::bad);
  EXPECT_EQ(request_head{1000}.put(as_bytes("GET /ws SIP/1.1\r\n\r\n")), state::bad);
}

} // namespace
} // namespace swill::net::http
