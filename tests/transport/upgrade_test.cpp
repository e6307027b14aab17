#include "libswill/transport/upgrade.hpp"

#include "libswill/net/http/response.hpp"

#include <gtest/gtest.h>

namespace swill::transport {
namespace {

net::http::request good() {
  net::http::request r;
  r.method = "GET";
  r.target = "/ws?a=1";
  r.headers = {{"Host", "x"},
               {"upgrade", "WebSocket"},
               {"Connection", "keep-alive, Upgrade"},
               {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
               {"Sec-WebSocket-Version", "13"},
               {"Sec-WebSocket-Protocol", "swill/1"}};
  return r;
}

net::http::request with(std::string_view name, std::string value) {
  auto r = good();
  for (auto& [n, v] : r.headers)
    if (n == name) v = value;
  return r;
}

net::http::request without(std::string_view name) {
  auto r = good();
  std::erase_if(r.headers, [&](const auto& h) { return h.first == name; });
  return r;
}

net::http::request plus(std::string name, std::string value) {
  auto r = good();
  r.headers.emplace_back(std::move(name), std::move(value));
  return r;
}

net::http::request to(std::string target) {
  auto r = good();
  r.target = std::move(target);
  return r;
}

int status_of(const net::http::request& r, const upgrade_rules& rules = {}, const server_state& now = {}) {
  return check_upgrade(r, rules, now).status;
}

TEST(Upgrade, AcceptsAValidRequest) {
  const auto v = check_upgrade(good(), {});

  EXPECT_EQ(v.status, 101);
  EXPECT_EQ(v.subprotocol, "swill/1");
  EXPECT_EQ(v.key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_FALSE(v.echo);
}

TEST(Upgrade, TellsWhetherTheServerIsReady) {
  net::http::request plain;
  plain.method = "GET";
  plain.target = "/ready";
  plain.version = 10;
  const std::function<bool()> never = [] { return false; };
  EXPECT_EQ(status_of(plain), 200);
  EXPECT_EQ(status_of(plain, {}, {.is_ready = &never}), 503);
  EXPECT_EQ(status_of(plain, {}, {.full = true}), 503);
  EXPECT_EQ(status_of(good(), {}, {.is_ready = &never}), 101); // it serves what it has
  plain.method = "HEAD";
  EXPECT_EQ(status_of(plain), 200);
  plain.method = "POST";
  EXPECT_EQ(status_of(plain), 405);
}

TEST(Upgrade, LooksAtTheHostBeforeAnythingElse) {
  for (const char* target : {"/ws", "/ready", "/none"}) {
    for (const char* method : {"GET", "HEAD", "POST"}) {
      net::http::request r;
      r.method = method;
      r.target = target;
      r.version = 10;
      EXPECT_NE(status_of(r), 400) << target; // HTTP/1.0 needs none
      r.headers = {{"Host", "x"}};
      EXPECT_NE(status_of(r), 400) << target;
      r.headers = {{"Host", "a b"}};
      EXPECT_EQ(status_of(r), 400) << target;
      r.headers = {{"Host", "x"}, {"host", "x"}};
      EXPECT_EQ(status_of(r), 400) << target;
      r.version = 11;
      EXPECT_EQ(status_of(r), 400) << target;
      r.headers = {};
      EXPECT_EQ(status_of(r), 400) << target;
    }
  }
}

TEST(Upgrade, WantsThePathExactly) {
  for (const auto* path : {"/", "/WS", "/wsx", "/ws/", "ws", "", "*", "/echo", "/ws#a"})
    EXPECT_EQ(status_of(to(path)), 404) << path;
  for (const auto* path : {"/ws", "/ws?", "/ws?a=/x?y"}) EXPECT_EQ(status_of(to(path)), 101) << path;
  EXPECT_EQ(status_of(to("/rpc"), {.path = "/rpc"}), 101);
}

TEST(Upgrade, TellsPlainHttpToUpgrade) {
  for (const auto* header : {"upgrade", "Connection"}) {
    const auto v = check_upgrade(without(header), {});
    EXPECT_EQ(v.status, 426);
    ASSERT_EQ(v.headers.size(), 1U);
    EXPECT_EQ(v.headers[0], (std::pair<std::string, std::string>{"Upgrade", "websocket"}));
  }
  EXPECT_EQ(status_of(with("upgrade", "h2c")), 426);
  EXPECT_EQ(status_of(with("Connection", "close")), 426);
}

TEST(Upgrade, RefusesOtherMethods) {
  for (const auto* method : {"POST", "HEAD", "OPTIONS", "get"}) {
    auto r = good();
    r.method = method;
    EXPECT_EQ(status_of(r), 405) << method;
  }
}

TEST(Upgrade, RefusesHttp10) {
  auto r = good();
  r.version = 10;
  EXPECT_EQ(status_of(r), 426);
}

TEST(Upgrade, WantsOneHost) {
  EXPECT_EQ(status_of(without("Host")), 400);
  EXPECT_EQ(status_of(plus("Host", "y")), 400);
}

TEST(Upgrade, WantsAHostThatIsOne) {
  for (const auto* host :
       {"a b/<>@", "a, b", "u@h", "h/", "h:x", "h:+1", "h:65536", "http://h", "[::1", "::1", "h\xc3\xa9"})
    EXPECT_EQ(status_of(with("Host", host)), 400) << host;
  for (const auto* host : {"h", "H.example:8080", "h:", "[::1]:8080", "127.0.0.1", "a_b", ""})
    EXPECT_EQ(status_of(with("Host", host)), 101) << host;
}

TEST(Upgrade, RefusesABody) {
  EXPECT_EQ(status_of(plus("Content-Length", "3")), 400);
  EXPECT_EQ(status_of(plus("Transfer-Encoding", "chunked")), 400);
  EXPECT_EQ(status_of(plus("Content-Length", "0")), 101);
}

TEST(Upgrade, KnowsTheAbsoluteFormOfATarget) {
  const auto taken = [](std::string target) {
    auto r = to(std::move(target));
    net::http::take_origin_form(r);
    return std::pair{r.target, r.headers.front().second};
  };
  using two = std::pair<std::string, std::string>;

  EXPECT_EQ(taken("http://h.example:80/ws?a=http://x"), (two{"/ws?a=http://x", "h.example:80"}));
  EXPECT_EQ(taken("WSS://[::1]/ws"), (two{"/ws", "[::1]"}));
  EXPECT_EQ(taken("http://h"), (two{"/", "h"}));
  EXPECT_EQ(taken("http://h?a"), (two{"/?a", "h"}));
  for (const auto* other :
       {"/ws?a=http://h/x", "ftp://h/ws", "http://u@h/ws", "http:///ws", "http://:80/ws", "http://a b/ws", "*"})
    EXPECT_EQ(taken(other), (two{other, "x"}));
}

TEST(Upgrade, AnAbsoluteTargetHidesNoWrongHost) {
  const auto status_after = [](net::http::request r) {
    r.target = "http://h/ws";
    net::http::take_origin_form(r);
    EXPECT_EQ(r.target, "/ws");
    return status_of(r);
  };

  EXPECT_EQ(status_after(good()), 101);
  EXPECT_EQ(status_after(with("Host", "a b")), 400);
  EXPECT_EQ(status_after(plus("Host", "x")), 400);
  EXPECT_EQ(status_after(without("Host")), 400);
}

TEST(Upgrade, WantsVersion13) {
  for (const auto& r :
       {with("Sec-WebSocket-Version", "12"), with("Sec-WebSocket-Version", ""), without("Sec-WebSocket-Version")}) {
    const auto v = check_upgrade(r, {});
    EXPECT_EQ(v.status, 426);
    EXPECT_EQ(v.headers.back(), (std::pair<std::string, std::string>{"Sec-WebSocket-Version", "13"}));
  }
}

TEST(Upgrade, WantsAKeyOf16Bytes) {
  for (const auto* key : {"abcd", "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
                          "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZSBub25jZQaa"})
    EXPECT_EQ(status_of(with("Sec-WebSocket-Key", key)), 400) << key;
  EXPECT_EQ(status_of(without("Sec-WebSocket-Key")), 400);
  EXPECT_EQ(status_of(plus("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")), 400);
}

TEST(Upgrade, WantsASubprotocol) {
  for (const auto& r : {without("Sec-WebSocket-Protocol"), with("Sec-WebSocket-Protocol", ""),
                        with("Sec-WebSocket-Protocol", "Swill/1"), with("Sec-WebSocket-Protocol", "swill/2, chat"),
                        with("Sec-WebSocket-Protocol", "swill/1 x")}) {
    const auto v = check_upgrade(r, {});
    EXPECT_EQ(v.status, 406);
    EXPECT_EQ(v.body, "No suitable subprotocol");
  }
}

TEST(Upgrade, PrefersTheSubprotocolThatBrowsersAccept) {
  EXPECT_EQ(check_upgrade(with("Sec-WebSocket-Protocol", "swill/1, swill.v1"), {}).subprotocol, "swill.v1");
  EXPECT_EQ(check_upgrade(with("Sec-WebSocket-Protocol", "a,swill/1,b"), {}).subprotocol, "swill/1");
}

TEST(Upgrade, TakesSeveralHeadersAsOneList) {
  auto r = with("Sec-WebSocket-Protocol", "a, b");
  r.headers.emplace_back("sec-websocket-protocol", "c ,\tswill.v1 , d");

  EXPECT_EQ(check_upgrade(r, {}).subprotocol, "swill.v1");
}

TEST(Upgrade, IsAskedForByAnyOfSeveralHeaders) {
  auto r = with("upgrade", "h2c, websocket/1");
  r.headers.emplace_back("Upgrade", "");
  EXPECT_EQ(status_of(r), 426);
  r.headers.emplace_back("UPGRADE", "foo ,\tWebSocket");
  EXPECT_EQ(status_of(r), 101);

  r = with("Connection", "keep-alive");
  EXPECT_EQ(status_of(r), 426);
  r.headers.emplace_back("connection", "close, UPGRADE");
  r.headers.emplace_back("Connection", "keep-alive");
  EXPECT_EQ(status_of(r), 101);

  EXPECT_EQ(status_of(plus("sec-websocket-version", "13")), 426) << "said twice";
}

TEST(Upgrade, ChecksOriginAgainstTheList) {
  const upgrade_rules rules{.origins = {"http://good.example"}};

  EXPECT_EQ(status_of(good(), rules), 101); // no browser
  EXPECT_EQ(status_of(plus("Origin", "http://good.example"), rules), 101);
  for (const auto* origin : {"http://evil.example", "http://good.example:8080", "https://good.example", "null", "",
                             "http://good.example.evil"})
    EXPECT_EQ(status_of(plus("Origin", origin), rules), 403) << origin;
  EXPECT_EQ(status_of(plus("Origin", "http://evil.example")), 101);
}

TEST(Upgrade, AnswersBusyWhenFull) {
  EXPECT_EQ(check_upgrade(good(), {}, {.draining = true}).status, 503);
  EXPECT_EQ(check_upgrade(good(), {}, {.draining = true}).body, "Server is stopping");
  const auto v = check_upgrade(good(), {}, {.full = true});

  EXPECT_EQ(v.status, 503);
  EXPECT_EQ(v.headers.at(0).first, "Retry-After");
}

TEST(Upgrade, MountsEchoOnlyWhenAsked) {
  auto r = to("/echo");
  std::erase_if(r.headers, [](const auto& h) { return h.first == "Sec-WebSocket-Protocol"; });

  EXPECT_EQ(status_of(r), 404);
  EXPECT_EQ(status_of(r, {.echo = true}), 101);
  EXPECT_TRUE(check_upgrade(r, {.echo = true}).echo);
}

TEST(HttpResponse, CannotBeBrokenOutOf) {
  const auto r = net::http::response(
      401, "no",
      {{"Date", "now"}, {"X-A", "b"}, {"X-Evil", "a\r\nSet-Cookie: b"}, {"X:\r\n", "c"}, {"Content-Length", "7"}});

  EXPECT_EQ(r, "HTTP/1.1 401 Unauthorized\r\nServer: swill\r\nConnection: close\r\nDate: now\r\nX-A: "
               "b\r\nContent-Type: text/plain; "
               "charset=utf-8\r\nContent-Length: 2\r\n\r\nno");
}

TEST(HttpResponse, HasNoBodyForHead) {
  const auto r = net::http::response(404, "none", {{"Date", "now"}}, true);

  EXPECT_EQ(r, "HTTP/1.1 404 Not Found\r\nServer: swill\r\nConnection: close\r\nDate: now\r\nContent-Type: text/plain; "
               "charset=utf-8\r\n"
               "Content-Length: 4\r\n\r\n");
}

TEST(HttpResponse, KnowsWhatIsSafe) {
  EXPECT_TRUE(header_fields::may_travel("Set-Cookie", "a=b; Path=/"));
  EXPECT_TRUE(header_fields::may_travel("X", "h\xc3\xa9"));
  for (const auto* value : {"a\nb", "a\rb", "\x7f", "\x01"}) EXPECT_FALSE(header_fields::may_travel("X", value));
  for (const auto* name : {"", "a b", "a:", "a\r"}) EXPECT_FALSE(header_fields::may_travel(name, "x"));
  EXPECT_TRUE(is_reserved_header("connection"));
  EXPECT_FALSE(is_reserved_header("Set-Cookie"));
}

} // namespace
} // namespace swill::transport
