#include "libswill/net/http/request_head.hpp"

#include "libswill/net/http/plain_request.hpp"

#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

namespace swill::net::http {
namespace {

using state = request_head::state;

const std::string with_body = "GET /ws?a=1 HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 3\r\n\r\n";

TEST(RequestHead, IsTheSameHoweverItIsCut) {
  const std::string input = with_body + "abc";
  for (std::size_t first = 0; first <= input.size(); ++first) {
    request_head head{1000};
    auto s = head.put(as_bytes(input).first(first));
    if (s == state::incomplete) s = head.put(as_bytes(input));

    ASSERT_EQ(s, state::complete) << first;
    EXPECT_EQ(head.used(), with_body.size());
    const auto r = head.take();
    EXPECT_EQ(r.method, "GET");
    EXPECT_EQ(r.target, "/ws?a=1");
    EXPECT_EQ(r.version, 11);
    EXPECT_EQ(r.headers, (header_list{{"Host", "x"}, {"X-Two", "1"}, {"X-Two", "2"}, {"Content-Length", "3"}}));
  }
}

TEST(RequestHead, ComesByteByByte) {
  request_head head{1000};
  for (std::size_t n = 1; n < with_body.size(); ++n)
    ASSERT_EQ(head.put(as_bytes(with_body).first(n)), state::incomplete) << n;
  EXPECT_EQ(head.put(as_bytes(with_body)), state::complete);
}

TEST(RequestHead, BeginsAfterEmptyLines) {
  const std::string input = "\r\n\r\n" + with_body;
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
  EXPECT_EQ(request_head{100}.put(as_bytes(" \r\n" + with_body)), state::bad);
}

TEST(RequestHead, TakesLaterMinorVersionsForHttp11) {
  for (const char minor : {'2', '9'}) {
    std::string input = with_body;
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
  EXPECT_EQ(request_head{with_body.size()}.put(as_bytes(with_body)), state::complete);
  EXPECT_EQ(request_head{with_body.size() - 1}.put(as_bytes(with_body)), state::too_large);
}

TEST(RequestHead, RefusesWhatIsNoHttp) {
  const std::string garbage{"\x00\x01\x02 garbage\r\n\r\n", 14};
  EXPECT_EQ(request_head{1000}.put(as_bytes(garbage)), state::bad);
  EXPECT_EQ(request_head{1000}.put(as_bytes("GET /ws HTTP/1.1\r\nHost x\r\n\r\n")), state::bad);
  EXPECT_EQ(request_head{1000}.put(as_bytes("GET /ws SIP/1.1\r\n\r\n")), state::bad);
}

/// Heads of which a line is refused, before their end.
const std::vector<std::string> broken_heads = {
    "GET /ws HTTP/1.1\r\nHost x\r\n",
    "GET /ws HTTP/1.1\r\nHost x",
    "GET /ws HTTP/1.1\r\nHost: x\r\nbad name: 1\r\nX-One: 1\r\n",
    "GET /ws HTTP/1.1\r\nHost: x\r\nX-Long: a\r\n b\r\n\r\n",
    "GET /ws HTTP/1.1\r\n Host: x",
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive Upgrade\r\n\r\n",
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade;x\r\n\r\n",
    "GET /ws HTTP/1.1\r\nX-Long: a\r\n\t",
    "GET /ws HTTP/1.2\r\nX-Long: a\r\n b\r\n",
    "GET /ws HTTP/1.1\r\nHost: x\nX-One: 1",
    "GET /ws HTTP/1.1\nHost: x\n\n",
    "GET /ws HTTP/1.1\r\nHost: x\r\n\n",
    "GET /ws HTTP/1.1\n",
    "GET /ws HTTP/1.2\n",
    "\r\n\n",
    "\n",
    "GET /ws HTTP/1.1\r\nHost: x\rX-One: 1",
    "GET /ws HTTP/1.1\rHost",
    "GET /ws HTTP/1.1\r\r\n",
    "GET /ws\r HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /ws HTTP/1.1\r\nHost: x\r\r\n\r\n",
    "GET /ws HTTP/1.1\r\nHost: x\r\n\rX",
    "GET\r/",
    "GET /ws HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\nX",
    "GET /ws HTTP/1.1\r\nContent-Length: x\r\nX",
    "GET /ws HTTP/1.2\r\nHost x\r\n",
    "GET /ws HTTP/2.0\r\nHost: x\r\n",
    "GET  HTTP/1.1\r\n",
    "GET /ws SIP/1.1\r\n",
    std::string{"\x16\x03\x01\x02\x00\x01", 6}, // of TLS
};

TEST(RequestHead, IsBadAsSoonAsALineIsHoweverItIsCut) {
  for (const std::string& input : broken_heads) {
    ASSERT_EQ(request_head{1000}.put(as_bytes(input)), state::bad) << input;
    for (std::size_t first = 0; first <= input.size(); ++first) {
      request_head head{1000};
      auto s = head.put(as_bytes(input).first(first));
      if (s == state::incomplete) s = head.put(as_bytes(input));
      ASSERT_EQ(s, state::bad) << first << " of " << input;
    }
    request_head head{1000}; // byte by byte
    auto s = state::incomplete;
    for (std::size_t n = 1; n <= input.size() && s == state::incomplete; ++n) s = head.put(as_bytes(input).first(n));
    ASSERT_EQ(s, state::bad) << input;
  }
}

TEST(RequestHead, IsCheckedNoMoreThanThatIsWorth) {
  const std::string line = "GET /ws HTTP/1.1\r\nX-Long: " + std::string(900, 'x');
  request_head head{1000};
  for (std::size_t n = 1; n <= line.size(); ++n) ASSERT_EQ(head.put(as_bytes(line).first(n)), state::incomplete);

  EXPECT_EQ(head.put(as_bytes(line + "\x01")), state::incomplete);
  EXPECT_EQ(head.put(as_bytes(line + "\x01\r\n\r\n")), state::bad);
}

TEST(RequestHead, IsTooLargeWhereAValueIs) {
  const std::string line = "GET /ws HTTP/1.1\r\nX-Long: " + std::string(70'000, 'x');
  request_head head{100'000};
  EXPECT_EQ(head.put(as_bytes(line)), state::incomplete);
  EXPECT_EQ(head.put(as_bytes(line + "\r\n\r\n")), state::too_large);
}

TEST(RequestHead, FindsALineWithoutCrWhenNoMoreIsChecked) {
  const std::string line = "GET /ws HTTP/1.1\r\nX-Long: " + std::string(900, 'x');
  request_head head{1000};
  for (std::size_t n = 1; n <= line.size(); ++n) ASSERT_EQ(head.put(as_bytes(line).first(n)), state::incomplete);

  EXPECT_EQ(head.put(as_bytes(line + "\n")), state::bad);
}

/// Seconds for a head of `size` bytes that comes byte by byte: of one long line, or of many short ones.
double seconds_byte_by_byte(std::size_t size, bool one_line) {
  std::string input = "GET /ws HTTP/1.1\r\nX: ";
  while (input.size() < size) input += one_line ? "xxxxxx" : "y\r\nX: ";
  input += "\r\n\r\n";
  request_head head{input.size()};
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t n = 1; n < input.size(); ++n)
    if (head.put(as_bytes(input).first(n)) != state::incomplete) ADD_FAILURE() << n;
  EXPECT_EQ(head.put(as_bytes(input)), state::complete);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(RequestHead, TakesTimeInProportionToItsSize) {
  for (const bool one_line : {true, false}) {
    const double small = seconds_byte_by_byte(6'000, one_line);
    EXPECT_LT(seconds_byte_by_byte(60'000, one_line), 40 * small + patient(0.1)) << one_line; // not 100 times
  }
}

// --- Plain heads, which are read without Beast

const std::string browser =
    "GET /ws?token=a%20b&x=http://y HTTP/1.1\r\nHost: chat.example:8080\r\nConnection: keep-alive, Upgrade\r\n"
    "Pragma: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nUpgrade: websocket\r\n"
    "Origin: https://chat.example\r\nSec-WebSocket-Version: 13\r\nCookie: a=\"1\"; b=2\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Empty:\r\nX-Blanks:   a  b  \r\n"
    "Sec-WebSocket-Protocol: swill.v1\r\n\r\n";

struct reading {
  state how;
  std::size_t used = 0;
  request read;
  bool operator==(const reading& o) const {
    const auto facts = [](const reading& one) {
      return std::tie(one.how, one.used, one.read.method, one.read.target, one.read.version, one.read.headers);
    };
    return facts(*this) == facts(o);
  }
};

reading reading_of(request_head& head, state how) {
  if (how != state::complete) return {how, 0, {}};
  return {how, head.used(), head.take()};
}

reading read_whole(std::string_view input) {
  request_head head{4096};
  return reading_of(head, head.put(as_bytes(input)));
}

/// What is not there as a whole is Beast's, whatever follows.
reading read_by_beast(std::string_view input, std::size_t first = 1) {
  request_head head{4096};
  const state how = head.put(as_bytes(input).first(first));
  return reading_of(head, how == state::incomplete ? head.put(as_bytes(input)) : how);
}

TEST(PlainRequest, IsReadAsBeastReadsItHoweverItIsCut) {
  request r;
  ASSERT_EQ(read_plain_request(browser + "frames", r), browser.size());
  const reading whole = read_whole(browser);
  EXPECT_EQ(whole.how, state::complete);
  EXPECT_EQ(whole.read.headers.size(), 12U);
  for (std::size_t first = 1; first <= browser.size(); ++first) {
    EXPECT_EQ(read_by_beast(browser, first), whole) << first;
    EXPECT_EQ(read_plain_request(std::string_view{browser}.substr(0, first - 1), r), 0U);
  }
}

TEST(PlainRequest, IsNothingThatBeastReadsInAnotherWay) {
  const std::string characters{"\0\t\n\r \"(),/:;@AZaz09[\\]{}~\x7f\x80\xff", 28};
  for (std::size_t at = 0; at < browser.size(); ++at) {
    for (const char c : characters) {
      std::string replaced = browser, grown = browser;
      replaced[at] = c;
      grown.insert(at, 1, c);
      EXPECT_EQ(read_whole(replaced), read_by_beast(replaced)) << at << ' ' << int{c};
      EXPECT_EQ(read_whole(grown), read_by_beast(grown)) << at << ' ' << int{c};
    }
    std::string shorter = browser;
    shorter.erase(at, 1);
    EXPECT_EQ(read_whole(shorter), read_by_beast(shorter)) << at;
  }
}

TEST(PlainRequest, LeavesWhatNeedsMoreThought) {
  const auto with = [](const std::string& line, const std::string& rest = "") {
    return line + "\r\nHost: x\r\n" + rest + "\r\n";
  };
  const std::string get = "GET /ws HTTP/1.1";
  std::string many;
  for (int i = 0; i < 40; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  for (const std::string& head :
       {with("POST /ws HTTP/1.1"), with("GET ws HTTP/1.1"), with("GET http://x/ws HTTP/1.1"), with("GET /ws HTTP/1.0"),
        with("GET /ws HTTP/1.2"), with("\r\n" + get), with(get, "Content-Length: 0\r\n"),
        with(get, "Transfer-Encoding: chunked\r\n"), with(get, "Connection: a b\r\n"), with(get, "Connection: a,\r\n"),
        with(get, "Connection:\r\n"), with(get, "Proxy-Connection: a\r\n"), with(get, "X: a\tb\r\n"),
        with(get, "X: a\r\n b\r\n"), with(get, "host: y\r\n"), with(get, "X: \xc3\xa9\r\n"), with(get, many)}) {
    request r;
    EXPECT_EQ(read_plain_request(head, r), 0U) << head;
    EXPECT_EQ(read_whole(head), read_by_beast(head)) << head;
  }
}

TEST(PlainRequest, IsFollowedByAnother) {
  for (const std::string& second : {browser, with_body}) {
    request_head head{1000};
    ASSERT_EQ(head.put(as_bytes(browser + second)), state::complete);
    head.take();
    head.restart();
    ASSERT_EQ(head.put(as_bytes(second)), state::complete);
    EXPECT_EQ(head.used(), second.size());
    EXPECT_EQ(head.take().target, second == browser ? "/ws?token=a%20b&x=http://y" : "/ws?a=1");
    head.restart();
    ASSERT_EQ(head.put(as_bytes(browser)), state::complete);
    EXPECT_EQ(head.take().headers.size(), 12U);
  }
}

} // namespace
} // namespace swill::net::http
