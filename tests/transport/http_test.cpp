#include "libswill/transport/websocket_server.hpp"

#include "tests/transport/fixture.hpp"
#include "tests/transport/responders.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <utility>

#include <sys/socket.h>

// Requests by HTTP beside the WebSocket, over real sockets: how they follow one another, and how bodies are sent.

namespace swill::test {
namespace {

using net::http::answer_content;
using net::http::answer_port;
using net::http::asked;
using std::chrono::milliseconds;

/// So many bytes, of which every piece is counted; it may end early.
class counted_body final : public net::http::body_source {
public:
  explicit counted_body(std::size_t has) : left_(has) { ++alive; }
  ~counted_body() override { --alive; }
  std::size_t read(std::byte* to, std::size_t room) noexcept override {
    ++pieces;
    const std::size_t n = std::min(room, left_);
    std::fill_n(to, n, std::byte{'x'});
    left_ -= n;
    return n;
  }
  static inline std::atomic<int> alive{0};
  static inline std::atomic<int> pieces{0};

private:
  std::size_t left_;
};

net::http::route big(std::size_t says, std::size_t has) {
  return {.path = "/big", .to = std::make_shared<function_responder>([says, has](auto&&, const auto& to) {
                            to->respond({.left = says, .rest = std::make_shared<counted_body>(has)});
                          })};
}

TEST(Http, KeepsTheConnectionForTheNextRequest) {
  test_server s{{}, with_routes()};
  raw_client c = s.connect();

  for (int i = 0; i < 3; ++i) {
    c.send(get("/hello?" + std::to_string(i)));
    const auto r = c.read_response();
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.body, "hello /hello?" + std::to_string(i));
    EXPECT_EQ(r.header("X-Path"), "/hello");
    EXPECT_EQ(r.header("Connection"), "");
    EXPECT_EQ(r.header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(r.header("Date").size(), std::string{"Sun, 06 Nov 1994 08:49:37 GMT"}.size());
  }
  EXPECT_EQ(c.upgrade().status, 101); // at last a WebSocket
  c.send_message("hello");
  EXPECT_EQ(c.read_message(), "hello");
  EXPECT_EQ(s.statistics().answered.at(200), 3U);
  EXPECT_EQ(s.statistics().accepted, 1U);
}

TEST(Http, ClosesWhereItIsAsked) {
  test_server s{{}, with_routes()};
  for (const auto& request : {get("/hello", "Connection: close\r\n"), get("/hello", {}, "1.0")}) {
    raw_client c = s.connect();
    c.send(request);
    const auto r = c.read_response();
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.header("Connection"), "close");
    EXPECT_TRUE(c.at_end());
  }
  raw_client old = s.connect();
  for (int i = 0; i < 2; ++i) {
    old.send(get("/hello", "Connection: keep-alive\r\n", "1.0"));
    EXPECT_EQ(old.read_response().header("Connection"), "keep-alive");
  }
}

TEST(Http, AnswersPipelinedRequestsInTheirOrder) {
  test_server s{{}, with_routes({big(100000, 100000)})};
  raw_client c = s.connect();
  std::string all;
  for (int i = 0; i < 50; ++i) all += get("/hello?" + std::to_string(i)) + get("/big");
  c.send(all);

  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(c.read_response().body, "hello /hello?" + std::to_string(i));
    EXPECT_EQ(c.read_response().body, std::string(100000, 'x'));
  }
}

TEST(Http, ReadsNoFurtherThanALittleWhileItAnswers) {
  std::shared_ptr<answer_port> waits;
  const auto held = std::make_shared<function_responder>([&waits](auto&&, const auto& to) { waits = to; });
  test_server s{{}, with_routes({{.path = "/held", .to = held}})};
  raw_client c = s.connect();
  c.send(get("/held"));
  const std::string one = get("/hello");
  std::string many;
  while (many.size() < 8 * 1024 * 1024) many += one;
  std::thread sender{[&] {
    try {
      c.send(many);
    } catch (const std::runtime_error&) { // nobody reads: it gave up
    }
  }};

  ASSERT_TRUE(eventually([&] { return s.statistics().bytes_in > 16 * 1024; }));
  std::this_thread::sleep_for(milliseconds{50}); // in which it would read on
  EXPECT_LT(s.statistics().bytes_in, 256U * 1024);

  ::shutdown(c.fd(), SHUT_RDWR); // not c.reset(): the sender is at its descriptor
  sender.join();
  s.on_loop([&] { waits.reset(); });
}

TEST(Http, AnswersHeadWithoutTheBody) {
  test_server s{{}, with_routes({big(100000, 100000)})};
  raw_client c = s.connect();
  for (const char* path : {"/hello", "/big", "/hello"}) {
    c.send(std::string{"HEAD "} + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      char one = 0;
      ASSERT_EQ(::read(c.fd(), &one, 1), 1);
      head += one;
    }
    EXPECT_THAT(head, ::testing::HasSubstr(std::string{"Content-Length: "} + (*(path + 1) == 'b' ? "100000" : "12")));
  }
}

TEST(Http, RefusesWhatNoPathTakes) {
  test_server s{{}, with_routes()};
  const auto status = [&s](const std::string& request) {
    raw_client c = s.connect();
    c.send(request);
    const auto r = c.read_response();
    EXPECT_EQ(r.header("Connection").substr(0, 5), "close") << request;
    EXPECT_TRUE(c.at_end()) << request;
    return r.status;
  };
  EXPECT_EQ(status("POST /hello HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
  EXPECT_EQ(status("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 405);
  EXPECT_EQ(status(get("/hello", "Content-Length: 3\r\n") + "abc"), 413);
  EXPECT_EQ(status(get("/hello", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"), 413);
  EXPECT_EQ(status(get("/hello", "Content-Length: 3\r\nContent-Length: 4\r\n") + "abc"), 400);
  EXPECT_EQ(status(get("/hello", "Content-Length: x\r\n")), 400);
  EXPECT_EQ(status("GET /hello HTTP/1.1\r\n\r\n"), 400);
  for (const char* path : {"/hello", "/ready", "/none"}) {
    for (const char* version : {"1.0", "1.1"}) {
      EXPECT_EQ(status(get(path, "Host: y\r\n", version)), 400) << path << version;
      EXPECT_EQ(status(std::string{"GET "} + path + " HTTP/" + version + "\r\nHost: a b\r\n\r\n"), 400);
    }
  }
  EXPECT_EQ(status(get("/hell")), 404);
  EXPECT_EQ(status(get("/hello/more")), 404);
  EXPECT_EQ(status(get("/ws")), 426);
  EXPECT_EQ(status("POST /ws HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
  EXPECT_EQ(status(get("/ready")), 200);
}

TEST(Http, SendsALargeBodyInPieces) {
  counted_body::pieces = 0;
  constexpr std::size_t size = 5 * 1024 * 1024 + 1;
  test_server s{{}, with_routes({big(size, size)})};
  raw_client c = s.connect();
  c.send(get("/big"));

  EXPECT_EQ(c.read_response().body.size(), size);
  EXPECT_EQ(counted_body::pieces, 81);
  EXPECT_TRUE(eventually([] { return counted_body::alive == 0; }));
}

TEST(Http, ReadsAheadNoMoreThanAPieceForWhoReadsSlowly) {
  counted_body::pieces = 0;
  constexpr std::size_t size = 1024 * 1024 * 1024;
  test_server s{{}, with_routes({big(size, size)})};
  raw_client c = s.connect();
  c.send(get("/big"));

  ASSERT_TRUE(eventually([] { return counted_body::pieces > 1; }));
  std::this_thread::sleep_for(milliseconds{100}); // in which it would read on
  const int pieces = counted_body::pieces;
  EXPECT_LT(pieces, 200); // what the kernel's buffers take
  EXPECT_LT(s.statistics().kept, 200U * 1024);

  c.reset();
  EXPECT_TRUE(eventually([] { return counted_body::alive == 0; }));
}

TEST(Http, DropsWhoReadsNothing) {
  constexpr std::size_t size = 1024 * 1024 * 1024;
  test_server s{{}, with_routes({big(size, size)}, [](auto& l) { l.slow_reader_timeout = milliseconds{100}; })};
  raw_client c = s.connect();
  c.send(get("/big"));

  EXPECT_TRUE(eventually([&] { return s.statistics().slow_readers == 1 && s.statistics().open == 0; }));
  EXPECT_TRUE(eventually([] { return counted_body::alive == 0; }));
}

TEST(Http, EndsTheConnectionWhereABodyIsShorterThanItsHeadSays) {
  test_server s{{}, with_routes({big(300000, 200000)})};
  raw_client c = s.connect();
  c.send(get("/big"));

  EXPECT_THROW(c.read_response(), std::runtime_error);
  EXPECT_TRUE(eventually([&] { return s.statistics().open == 0; }));
  EXPECT_THAT(s.log(), ::testing::Contains(::testing::HasSubstr("became shorter")));
}

TEST(Http, AnswersWhoHasEndedItsSideOfTcp) {
  test_server s{{}, with_routes({big(300000, 300000)})};
  raw_client c = s.connect();
  c.send(get("/hello") + get("/big") + get("/hello"));
  c.shut_down_sending();

  EXPECT_EQ(c.read_response().status, 200);
  EXPECT_EQ(c.read_response().body.size(), 300000U);
  EXPECT_EQ(c.read_response().status, 200);
  EXPECT_TRUE(c.at_end());

  raw_client half = s.connect();
  half.send(get("/hello") + "GET /hel");
  half.shut_down_sending();
  EXPECT_EQ(half.read_response().status, 200);
  EXPECT_TRUE(half.at_end());
}

TEST(Http, AnswersAllThatCameBeforeTheEndOfTcp) {
  std::shared_ptr<answer_port> waits;
  const auto held = std::make_shared<function_responder>([&waits](auto&&, const auto& to) { waits = to; });
  test_server s{{}, with_routes({{.path = "/held", .to = held}})};
  std::string all = get("/held");
  for (int i = 0; i < 20; ++i) all += get("/hello?" + std::to_string(i), "X: " + std::string(1000, 'y') + "\r\n");
  raw_client c = s.connect();
  c.send(all);
  c.shut_down_sending();
  // It keeps so much now that it finds the end of TCP only after the first answer.
  ASSERT_TRUE(eventually([&] { return s.statistics().bytes_in > 16 * 1024; }));

  s.on_loop([&] { std::exchange(waits, nullptr)->respond({}); });

  EXPECT_EQ(c.read_response().status, 200);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(c.read_response().body, "hello /hello?" + std::to_string(i));
  EXPECT_TRUE(c.at_end());
}

TEST(Http, AnswersAllHoweverItsEndComes) {
  test_server s{{}, with_routes()};
  for (const auto& last : {get("/hello"), get("/hello", "Connection: close\r\n")}) {
    for (int round = 0; round < 200; ++round) {
      raw_client c = s.connect();
      c.send(get("/hello") + get("/hello") + last);
      c.shut_down_sending();
      for (int i = 0; i < 3; ++i) ASSERT_EQ(c.read_response().status, 200) << round;
      ASSERT_TRUE(c.at_end());
    }
  }
}

TEST(Http, WaitsForNothingMoreOfWhoHasEndedItsSideOfTcp) {
  test_server s{{}, with_routes({}, [](auto& l) {
                  l.close_timeout = std::chrono::minutes{1};
                  l.ping_interval = milliseconds{0};
                })};
  raw_client refused = s.connect();
  refused.send(get("/hello") + get("/nowhere"));
  refused.shut_down_sending();
  EXPECT_EQ(refused.read_response().status, 200);
  EXPECT_EQ(refused.read_response().status, 404);
  EXPECT_TRUE(refused.at_end());

  raw_client upgrades = s.connect();
  upgrades.send(get("/hello") + raw_client::upgrade_request());
  upgrades.shut_down_sending();
  EXPECT_EQ(upgrades.read_response().status, 200);
  // Whether its end is found before it is upgraded or after that: nothing is left of it.
  EXPECT_TRUE(eventually([&] { return s.statistics().open == 0; }));
}

TEST(Http, RefusesALineWithoutCrAtOnce) {
  test_server s{{}, with_routes({}, [](auto& l) { l.handshake_timeout = std::chrono::minutes{1}; })};
  for (const std::string head : {"GET /hello HTTP/1.1\nHost: x\n\n", "GET /hello HTTP/1.1\r\nHost: x\r\n\n"}) {
    raw_client whole = s.connect();
    whole.send(head);
    EXPECT_EQ(whole.read_response().status, 400);

    raw_client cut = s.connect();
    cut.send(get("/hello") + head.substr(0, head.size() - 1));
    EXPECT_EQ(cut.read_response().status, 200);
    cut.send(head.substr(head.size() - 1));
    EXPECT_EQ(cut.read_response().status, 400);
  }
}

TEST(Http, ClosesConnectionsThatAreSilent) {
  test_server s{{}, with_routes({}, [](auto& l) {
                  l.keep_alive_timeout = milliseconds{50};
                  l.handshake_timeout = milliseconds{200};
                })};
  raw_client c = s.connect();
  c.send(get("/hello"));
  EXPECT_EQ(c.read_response().status, 200);
  EXPECT_TRUE(c.at_end());
  EXPECT_EQ(s.statistics().turned_away, 0U);

  raw_client slow = s.connect();
  slow.send(get("/hello") + "GET /hello HT");
  EXPECT_EQ(slow.read_response().status, 200);
  EXPECT_EQ(slow.read_response().status, 408);
  EXPECT_TRUE(slow.at_end());
}

TEST(Http, BoundsEveryHead) {
  test_server s{{}, with_routes({}, [](auto& l) { l.header_size = 200; })};
  raw_client c = s.connect();
  const std::string at_limit = get("/hello", "X: " + std::string(200 - get("/hello", "X: \r\n").size(), 'y') + "\r\n");
  c.send(at_limit + at_limit);
  EXPECT_EQ(c.read_response().status, 200);
  EXPECT_EQ(c.read_response().status, 200);
  c.send(get("/hello", "X: " + std::string(200, 'y') + "\r\n"));
  EXPECT_EQ(c.read_response().status, 431);
}

TEST(Http, AnswersFiveHundredWhereTheHandlerFails) {
  const auto throws =
      std::make_shared<function_responder>([](auto&&, const auto&) { throw std::runtime_error("no luck"); });
  const auto forgets = std::make_shared<function_responder>([](auto&&, const auto& to) {
    to->loop().post([to] {}); // gives it up later
  });
  const auto strange =
      std::make_shared<function_responder>([](auto&&, const auto& to) { to->respond({.status = 1000}); });
  test_server s{{},
                with_routes({{.path = "/throws", .to = throws},
                             {.path = "/forgets", .to = forgets},
                             {.path = "/strange", .to = strange}})};
  raw_client c = s.connect();
  for (const char* path : {"/throws", "/forgets", "/strange"}) {
    c.send(get(path));
    const auto r = c.read_response();
    EXPECT_EQ(r.status, 500) << path;
    EXPECT_EQ(r.body, "Internal Server Error");
  }
  EXPECT_THAT(s.log(), ::testing::Contains(::testing::HasSubstr("no luck")));
}

TEST(Http, FinishesItsAnswersWhenTheServerStops) {
  std::shared_ptr<answer_port> waits;
  std::atomic<bool> has{false};
  const auto held = std::make_shared<function_responder>([&](auto&&, const auto& to) {
    waits = to;
    has = true;
  });
  test_server s{{}, with_routes({{.path = "/held", .to = held}})};
  raw_client idle = s.connect();
  idle.send(get("/hello"));
  EXPECT_EQ(idle.read_response().status, 200);
  raw_client c = s.connect();
  c.send(get("/held"));
  ASSERT_TRUE(eventually([&] { return has.load(); }));

  std::thread stopping{[&] { s.server().stop(milliseconds{5000}); }};
  EXPECT_TRUE(idle.at_end());
  s.on_loop([&] { std::exchange(waits, nullptr)->respond({.body = "late"}); });
  const auto r = c.read_response();
  EXPECT_EQ(r.body, "late");
  EXPECT_EQ(r.header("Connection"), "close");
  EXPECT_TRUE(c.at_end());
  stopping.join();
}

TEST(Http, AnswersNobodyWhoHasGone) {
  std::shared_ptr<answer_port> waits;
  std::atomic<bool> has{false};
  const auto held = std::make_shared<function_responder>([&](auto&&, const auto& to) {
    waits = to;
    has = true;
  });
  test_server s{{}, with_routes({{.path = "/held", .to = held}})};
  {
    raw_client c = s.connect();
    c.send(get("/held"));
    ASSERT_TRUE(eventually([&] { return has.load(); }));
    c.reset();
  }
  EXPECT_TRUE(eventually([&] { return s.statistics().open == 0; }));
  EXPECT_FALSE(waits->is_open());
  s.on_loop([&] { std::exchange(waits, nullptr)->respond({.body = "late"}); });
}

TEST(Http, AnInternalListenerHasItsOwnPathsOnly) {
  const auto settings = [](transport::server_settings& s) {
    with_routes({}, [](auto& l) { l.connections = 1; })(s);
    s.listen.push_back(internal_listener("127.0.0.1:0"));
    s.internal_routes.push_back(
        {.path = "/state",
         .to = std::make_shared<function_responder>([](auto&&, const auto& to) { to->respond({.body = "fine"}); })});
  };
  test_server s{{}, settings};
  const raw_client full = s.open();
  raw_client c{s.server().addresses().back()};

  c.send(get("/state")); // also where the server is full
  EXPECT_EQ(c.read_response().body, "fine");
  for (const char* path : {"/hello", "/ws", "/ready"}) {
    raw_client other{s.server().addresses().back()};
    other.send(get(path));
    EXPECT_EQ(other.read_response().status, 404) << path;
  }
}

TEST(Http, AnswersWithoutABodyToAHeadThatIsNotRead) {
  test_server s{{}, [](auto& settings) {
                  settings.limits.handshake_timeout = milliseconds{50};
                  settings.limits.header_size = 200;
                }};
  for (const std::string& rest :
       {std::string{"Host x\r\n\r\n"}, "X: " + std::string(300, 'x'), std::string{"Host: x"}}) {
    for (const char* before : {"", "\r\n"}) {
      raw_client c = s.connect();
      c.send(before + ("HEAD / HTTP/1.1\r\n" + rest));
      std::string all;
      char more[4096];
      for (ssize_t n = 0; (n = ::recv(c.fd(), more, sizeof more, 0)) > 0;)
        all.append(more, static_cast<std::size_t>(n));
      EXPECT_TRUE(all.starts_with("HTTP/1.1 4")) << all;
      EXPECT_TRUE(all.ends_with("\r\n\r\n")) << all;
    }
  }
}

TEST(Http, EveryAnswerHasOneDate) {
  const auto own = std::make_shared<function_responder>([](auto&&, const auto& to) {
    to->respond({.headers = {{"date", "Sun, 06 Nov 1994 08:49:37 GMT"}}});
  });
  test_server s{{}, with_routes({{.path = "/own", .to = own}})};
  for (const std::string& request :
       {get("/hello"), get("/own"), get("/none"), get("/ws"), get("/ready"), std::string{"x\r\n\r\n"},
        std::string{"POST /hello HTTP/1.1\r\nHost: x\r\n\r\n"}}) {
    raw_client c = s.connect();
    c.send(request);
    const std::string head = c.read_response().head;
    const auto date = head.find("\r\nDate: ") + head.find("\r\ndate: ") - head.npos;
    ASSERT_NE(date, head.npos) << head;
    EXPECT_EQ(head.substr(date).find(" GMT\r\n"), std::string_view{"\r\nDate: Sun, 06 Nov 1994 08:49:37"}.size())
        << head;
  }
}

TEST(Http, SaysWhichHandlerAnswersWhatCannotBe) {
  const auto bad = [](std::string path, answer_content a) {
    return net::http::route{
        .path = std::move(path),
        .to = std::make_shared<function_responder>([a](auto&&, const auto& to) { to->respond(answer_content{a}); })};
  };
  const auto throws = std::make_shared<function_responder>([](auto&&, auto&&) { throw std::runtime_error("oh"); });
  test_server s{{},
                with_routes({bad("/status", {.status = 99}),
                             bad("/header", {.headers = {{"X-Evil", "a\r\nb: c"}}}),
                             {.path = "/throws", .to = throws}})};
  const auto status_at = [&s](const char* path) {
    raw_client c = s.connect();
    c.send(get(path));
    const auto r = c.read_response();
    EXPECT_EQ(r.header("b"), "");
    return r.status;
  };

  EXPECT_EQ(status_at("/status"), 500);
  EXPECT_EQ(status_at("/throws"), 500);
  EXPECT_EQ(status_at("/header"), 200);
  const auto has = [&s](const char* line) {
    const auto all = s.log();
    return std::count_if(all.begin(), all.end(), [line](const auto& l) { return l.find(line) != l.npos; });
  };
  EXPECT_EQ(has("by the handler of /status: 99"), 1);
  EXPECT_EQ(has("exception in the handler of /throws: std::runtime_error: oh"), 1);
  EXPECT_EQ(has("by the handler of /header: X-Evil"), 1);
}

// Neither is a place for bodies, which are not looked at; what comes after the request is not one.
TEST(Http, BodiesAtReadyAndAtTheEndpointEndTheConnection) {
  test_server s;
  const std::pair<const char*, int> all[] = {{"GET /ready", 200}, {"POST /ready", 405}, {"GET /ws", 426}};
  for (const auto& [line, status] : all) {
    for (const char* framing :
         {"Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
      raw_client c = s.connect();
      c.send(std::string{line} + " HTTP/1.1\r\nHost: x\r\n" + framing);
      EXPECT_EQ(c.read_response().status, status) << line << framing;
      EXPECT_TRUE(c.at_end()) << line << framing;
    }
  }
}

} // namespace
} // namespace swill::test
