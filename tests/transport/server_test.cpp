#include "libswill/transport/websocket_server.hpp"

#include "libswill/base/log_bounds.hpp"
#include "tests/transport/fixture.hpp"

#include <gmock/gmock.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// Connections over real sockets: how they come to be. frames_test.cpp has what happens on them.

namespace swill::test {
namespace {

using std::chrono::milliseconds;
using upgrade_options = raw_client::upgrade_options;

TEST(Server, CarriesMessages) {
  test_server s;
  auto c = s.open();

  c.send_message("hello");
  EXPECT_EQ(c.read_message(), "hello");
  c.send_message("");
  EXPECT_EQ(c.read_message(), "");

  const auto stats = s.statistics();
  EXPECT_EQ(stats.open, 1U);
  EXPECT_EQ(stats.upgraded, 1U);
  EXPECT_EQ(stats.messages_in, 2U);
  EXPECT_EQ(stats.messages_out, 2U);
}

TEST(Server, TellsWhoIsAsking) {
  handshake_request seen;
  script does;
  test_server* server = nullptr;
  does.on_handshake = [&](const std::shared_ptr<handshake>& h) {
    seen = h->request;
    server->accept(*h, {{"X-Demo", "hello"}, {"Set-Cookie", "a=1"}});
  };
  test_server s{does};
  server = &s;
  auto c = s.connect();
  const auto r =
      c.upgrade({.path = "/ws?a=1&b", .subprotocol = "swill/1, swill.v1", .more_headers = "Cookie: x=y\r\n"});

  EXPECT_EQ(r.status, 101);
  EXPECT_EQ(r.header("X-Demo"), "hello");
  EXPECT_EQ(r.header("Set-Cookie"), "a=1");
  EXPECT_EQ(r.header("Sec-WebSocket-Protocol"), "swill.v1");
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.target, "/ws?a=1&b");
  EXPECT_EQ(seen.remote_address, "127.0.0.1");
  EXPECT_NE(seen.remote_port, 0);
  EXPECT_EQ(seen.subprotocol, "swill.v1");
  EXPECT_EQ(seen.headers.back().second, "x=y");
}

TEST(Server, RefusesWithAReasonAndEndsTcp) {
  test_server s;
  const auto status = [&](const std::string& request) {
    auto c = s.connect();
    c.send(request);
    const auto r = c.read_response();
    EXPECT_EQ(r.header("Content-Length"), std::to_string(r.body.size()));
    EXPECT_TRUE(c.at_end());
    return r.status;
  };
  EXPECT_EQ(status(raw_client::upgrade_request({.path = "/"})), 404);
  EXPECT_EQ(status(raw_client::upgrade_request({.subprotocol = ""})), 406);
  EXPECT_EQ(status("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"), 426);
  EXPECT_EQ(status("POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), 405);
  EXPECT_EQ(status(std::string{"\0\1\2 garbage\r\n\r\n", 14}), 400);
  EXPECT_EQ(status("GET /ws HTTP/1.1\r\nX: " + std::string(50000, 'x')), 431);
  EXPECT_EQ(s.statistics().rejected,
            (std::map<int, std::uint64_t>{{400, 1}, {404, 1}, {405, 1}, {406, 1}, {426, 1}, {431, 1}}));
}

TEST(Server, ShowsAtTraceWhichPathARejectedHandshakeAskedFor) {
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto note = [&](const log_entry& e) {
    const std::lock_guard lock{mutex};
    lines.push_back(log_line(e));
  };
  test_server s{{}, [&](transport::server_settings& settings) { settings.log = log_sink{note, log_level::trace}; }};
  const auto ask = [&](const std::string& path) {
    auto c = s.connect();
    EXPECT_EQ(c.upgrade({.path = path}).status, 404);
    const std::lock_guard lock{mutex};
    return lines.empty() ? std::string{} : lines.back();
  };

  EXPECT_THAT(ask("/elsewhere"), testing::HasSubstr(" path=/elsewhere "));
  EXPECT_THAT(ask("/elsewhere?token=secret"), testing::HasSubstr(" path=/elsewhere "));
  EXPECT_THAT(ask("/a\"b=c"), testing::HasSubstr(" path=\"/a\\\"b=c\" "));
  EXPECT_THAT(ask("/" + std::string(5000, 'x')),
              testing::HasSubstr(" path=/" + std::string(longest_value - 1, 'x') + " "));
}

TEST(Server, ServesWhatProxiesAndOldClientsSend) {
  test_server s;
  const auto answer = [&](std::string request, std::string_view from, std::string_view to) {
    request.replace(request.find(from), from.size(), to);
    auto c = s.connect();
    c.send(request + raw_client::encode(2, "x"));
    EXPECT_EQ(c.read_response().status, 101) << to;
    return c.read_message();
  };
  const auto request = raw_client::upgrade_request();

  EXPECT_EQ(answer(request, "GET /ws", "GET http://proxied.example/ws?a"), "x");
  EXPECT_EQ(answer(request, "GET", "\r\nGET"), "x");
  EXPECT_EQ(answer(request, "HTTP/1.1", "HTTP/1.2"), "x");
}

TEST(Server, TellsTheHostOfAnAbsoluteTarget) {
  handshake_request seen;
  script does;
  test_server* server = nullptr;
  does.on_handshake = [&](const std::shared_ptr<handshake>& h) {
    seen = h->request;
    server->accept(*h);
  };
  test_server s{does};
  server = &s;

  s.connect().upgrade({.path = "http://proxied.example/ws?a"});

  EXPECT_EQ(seen.target, "/ws?a");
  EXPECT_EQ(seen.headers.front(), (std::pair<std::string, std::string>{"Host", "proxied.example"}));
}

TEST(Server, ServesNoBodyAsFrames) {
  test_server s;
  const auto body = raw_client::encode(2, "x");
  for (const auto& header :
       {"Content-Length: " + std::to_string(body.size()), std::string{"Transfer-Encoding: chunked"}}) {
    auto c = s.connect();
    EXPECT_EQ(c.upgrade({.more_headers = header + "\r\n", .with = body}).status, 400);
    EXPECT_TRUE(c.at_end());
  }
  EXPECT_EQ(s.statistics().messages_in, 0U);
}

TEST(Server, HoldsTheLimitOfTheHead) {
  const auto request = raw_client::upgrade_request();
  for (const std::size_t over : {0U, 1U}) {
    test_server s{{}, [&](auto& settings) { settings.limits.header_size = request.size() - over; }};
    EXPECT_EQ(s.connect().upgrade().status, over == 0 ? 101 : 431);
  }
}

TEST(Server, LosesNoFrameThatCameWithTheRequest) {
  test_server s;
  const auto frames = raw_client::encode(2, "one") + raw_client::encode(2, std::string(100000, 'x'));
  auto c = s.connect();

  EXPECT_EQ(c.upgrade({.with = frames}).status, 101);

  EXPECT_EQ(c.read_message(), "one");
  EXPECT_EQ(c.read_message(), std::string(100000, 'x'));
}

TEST(Server, LosesNoFrameHoweverTheyAreCut) {
  test_server s;
  const auto all = raw_client::upgrade_request() + raw_client::encode(2, "one") + raw_client::encode(2, "two");
  for (std::size_t cut = 1; cut < all.size(); cut += 3) {
    auto c = s.connect();
    c.send(all.substr(0, cut));
    if (cut % 2 == 0) std::this_thread::yield();
    c.send(all.substr(cut));

    ASSERT_EQ(c.read_response().status, 101) << cut;
    ASSERT_EQ(c.read_message(), "one") << cut;
    ASSERT_EQ(c.read_message(), "two") << cut;
  }
}

TEST(Server, WaitsForADecision) {
  std::shared_ptr<handshake> waiting;
  std::mutex mutex;
  script does;
  does.on_handshake = [&](std::shared_ptr<handshake> h) {
    std::lock_guard lock{mutex};
    waiting = std::move(h);
  };
  test_server s{does};
  auto c = s.connect();
  c.send(raw_client::upgrade_request({.with = raw_client::encode(2, "early")}));
  ASSERT_TRUE(eventually([&] {
    std::lock_guard lock{mutex};
    return waiting != nullptr;
  }));

  s.on_loop([&] {
    EXPECT_TRUE(waiting->is_open());
    s.accept(*waiting);
    EXPECT_FALSE(waiting->is_open());
  });

  EXPECT_EQ(c.read_response().status, 101);
  EXPECT_EQ(c.read_message(), "early");
}

TEST(Server, NoticesThatThePeerHasGoneMeanwhile) {
  std::shared_ptr<handshake> waiting;
  script does;
  does.on_handshake = [&](std::shared_ptr<handshake> h) { waiting = std::move(h); };
  test_server s{does};
  {
    auto c = s.connect();
    c.send(raw_client::upgrade_request());
  }
  ASSERT_TRUE(eventually([&] { return s.statistics().accepted == 1 && s.statistics().open == 0; }));

  s.on_loop([&] {
    ASSERT_NE(waiting, nullptr);
    EXPECT_FALSE(waiting->is_open());
    EXPECT_EQ(s.accept(*waiting), nullptr);
    waiting->reject(401, "", {});
  });
}

TEST(Server, RejectsAsTheGateSays) {
  script does;
  does.on_handshake = [](const std::shared_ptr<handshake>& h) { h->reject(451, "no", {{"X-Why", "law"}}); };
  test_server s{does};

  const auto r = s.connect().upgrade();

  EXPECT_EQ(r.status, 451);
  EXPECT_EQ(r.body, "no");
  EXPECT_EQ(r.header("X-Why"), "law");
}

TEST(Server, Answers500ForAGateThatDoesNotDecide) {
  script gives_up;
  gives_up.on_handshake = [](const std::shared_ptr<handshake>&) {};
  EXPECT_EQ(test_server{gives_up}.connect().upgrade().status, 500);

  script throws;
  throws.on_handshake = [](const std::shared_ptr<handshake>&) { throw std::runtime_error("gate"); };
  EXPECT_EQ(test_server{throws}.connect().upgrade().status, 500);

  script elsewhere; // given up on another thread
  elsewhere.on_handshake = [](std::shared_ptr<handshake> h) {
    std::thread{[h = std::move(h)]() mutable { h.reset(); }}.join();
  };
  EXPECT_EQ(test_server{elsewhere}.connect().upgrade().status, 500);
}

TEST(Server, LetsNoHeaderBreakOut) {
  for (const auto& header : header_list{{"X-Evil", "a\r\nX-Injected: 1"}, {"Connection", "close"}, {"X Y", "z"}}) {
    script does;
    test_server* server = nullptr;
    does.on_handshake = [&](const std::shared_ptr<handshake>& h) { EXPECT_EQ(server->accept(*h, {header}), nullptr); };
    test_server s{does};
    server = &s;
    EXPECT_EQ(s.connect().upgrade().status, 500);
  }
}

TEST(Server, EndsASlowHandshake) {
  test_server s{{}, [](auto& settings) { settings.limits.handshake_timeout = milliseconds{30}; }};
  auto silent = s.connect();
  auto slow = s.connect();
  slow.send("GET /ws HTT");

  EXPECT_TRUE(silent.at_end());
  EXPECT_EQ(slow.read_response().status, 408);
  EXPECT_TRUE(slow.at_end());
}

TEST(Server, AnswersBusyAtCapacity) {
  test_server s{{}, [](auto& settings) { settings.limits.connections = 2; }};
  auto first = s.open();
  {
    auto second = s.open();
    auto third = s.connect();
    const auto r = third.upgrade();
    EXPECT_EQ(r.status, 503);
    EXPECT_FALSE(r.header("Retry-After").empty());
    EXPECT_TRUE(third.at_end());
  }
  ASSERT_TRUE(eventually([&] { return s.statistics().open == 1; }));

  EXPECT_EQ(s.connect().upgrade().status, 101);
}

TEST(Server, AnswersBusyWhileItDrains) {
  test_server s;
  auto before = s.open();
  s.server().drain();

  EXPECT_EQ(s.connect().upgrade().status, 503);
  before.send_message("still here");
  EXPECT_EQ(before.read_message(), "still here");
}

TEST(Server, ChecksOrigin) {
  test_server s{{}, [](auto& settings) { settings.origins = {"http://good.example"}; }};

  EXPECT_EQ(s.connect().upgrade({.more_headers = "Origin: http://evil.example\r\n"}).status, 403);
  EXPECT_EQ(s.connect().upgrade({.more_headers = "Origin: http://good.example\r\n"}).status, 101);
}

TEST(Server, DoesNotStartWithAnOriginThatCanNeverMatch) {
  try {
    test_server s{{}, [](auto& settings) { settings.origins = {"https://good.example", "example.org"}; }};
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string{e.what()}.find("'example.org'"), std::string::npos);
  }
}

TEST(Server, ListensOnIpv6) {
  test_server s{{}, [](auto& settings) { settings.listen = {"[::1]:0", "127.0.0.1:0"}; }};
  for (const auto& address : s.server().addresses()) {
    raw_client c{address};
    ASSERT_EQ(c.upgrade().status, 101) << address;
    c.send_message("x");
    EXPECT_EQ(c.read_message(), "x");
  }
}

TEST(Server, ListensOnAUnixSocket) {
  const std::string path = testing::TempDir() + "swill_" + std::to_string(::getpid()) + ".sock";
  std::string remote;
  script does;
  test_server* server = nullptr;
  does.on_handshake = [&](const std::shared_ptr<handshake>& h) {
    remote = h->request.remote_address;
    server->accept(*h);
  };
  const auto on_path = [&](auto& settings) { settings.listen = {"unix:" + path}; };
  {
    test_server s{does, on_path};
    server = &s;
    raw_client c{"unix:" + path};
    ASSERT_EQ(c.upgrade().status, 101);
    c.send_message("x");
    EXPECT_EQ(c.read_message(), "x");
    EXPECT_EQ(remote, "unix");
    EXPECT_THROW(test_server(does, on_path), std::system_error); // somebody listens there
  }
  struct stat st {};
  EXPECT_NE(::lstat(path.c_str(), &st), 0); // removed
}

TEST(Server, TakesOverAStaleUnixSocketOnly) {
  const std::string path = testing::TempDir() + "swill_stale_" + std::to_string(::getpid()) + ".sock";
  const auto on_path = [&](auto& settings) { settings.listen = {"unix:" + path}; };
  // A socket whose process has died.
  sockaddr_storage any{};
  any.ss_family = AF_UNIX;
  path.copy(reinterpret_cast<char*>(&any) + sizeof(sa_family_t), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(
      ::bind(fd, reinterpret_cast<sockaddr*>(&any), static_cast<socklen_t>(sizeof(sa_family_t) + path.size() + 1)), 0);
  ::close(fd);
  { EXPECT_EQ(test_server({}, on_path).connect().upgrade().status, 101); }

  // A file is nobody's socket.
  std::fclose(std::fopen(path.c_str(), "w"));
  EXPECT_THROW(test_server({}, on_path), std::system_error);
  EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(Server, SpreadsConnectionsOverItsLoops) {
  std::vector<loop*> loops;
  std::mutex mutex;
  script does;
  does.on_open = [&](message_port& p) {
    std::lock_guard lock{mutex};
    loops.push_back(&p.loop());
  };
  test_server s{does, {}, 2};
  std::vector<raw_client> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(s.open());

  for (auto& c : clients) {
    c.send_message("x");
    EXPECT_EQ(c.read_message(), "x");
  }
  std::sort(loops.begin(), loops.end());
  EXPECT_NE(loops[1], loops[2]);
}

TEST(Server, WritesALineASecondOfHandshakesThatFail) {
  constexpr std::size_t peers = 50;
  script does;
  does.on_handshake = [](const std::shared_ptr<handshake>&) { throw std::runtime_error("no"); };
  test_server s{does};
  const auto began = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < peers; ++i) {
    auto c = s.connect();
    ASSERT_EQ(c.upgrade().status, 500);
    if (i != 0) continue;
    EXPECT_EQ(s.log(), std::vector<std::string>{"exception in on_handshake: std::runtime_error: no"}); // at once
  }
  s.server().stop(std::chrono::seconds{10}); // writes what was counted

  const auto seconds = (std::chrono::steady_clock::now() - began) / std::chrono::seconds{1};
  std::size_t told = 0;
  EXPECT_TRUE(eventually([&] {
    told = 0;
    for (const auto& line : s.log()) {
      const auto at = line.find(" (");
      told += at == line.npos ? 1 : std::stoul(line.substr(at + 2));
    }
    return told >= peers;
  }));
  EXPECT_EQ(told, peers);
  EXPECT_LE(s.log().size(), static_cast<std::size_t>(seconds) + 2) << s.log().back();
}

TEST(Server, StopsWithAGoodbye) {
  test_server s;
  const auto address = s.address();
  auto c = s.open();
  std::thread stopper{[&] { s.server().stop(std::chrono::seconds{10}); }};

  const auto f = c.read_frame();
  EXPECT_EQ(f.op, 8);
  EXPECT_EQ(f.close_code(), 1001);
  c.send_frame(8, raw_client::close_payload(1001));
  EXPECT_TRUE(c.at_end());

  stopper.join();
  ASSERT_EQ(s.closed().size(), 1U);
  EXPECT_EQ(s.closed()[0].code, 1001);
  EXPECT_FALSE(s.closed()[0].by_peer);
  EXPECT_THROW(raw_client{address}, std::exception); // nobody listens
}

TEST(Server, StopsInWhateverStateItsConnectionsAre) {
  for (int round = 0; round < 20; ++round) {
    std::shared_ptr<handshake> waiting;
    script does;
    int asked = 0;
    test_server* server = nullptr;
    does.on_handshake = [&](std::shared_ptr<handshake> h) {
      if (++asked % 2 == 0)
        waiting = std::move(h);
      else
        server->accept(*h);
    };
    auto s = std::make_unique<test_server>(does);
    server = s.get();
    auto nothing = s->connect();
    auto half = s->connect();
    half.send("GET / HT");
    auto open = s->open();
    auto undecided = s->connect();
    undecided.send(raw_client::upgrade_request());
    auto closing = s->connect();
    closing.send(raw_client::upgrade_request({.with = raw_client::encode(8, "")}));
    auto refused = s->connect();
    refused.send("GET / HTTP/1.1\r\n\r\n");

    s.reset();

    EXPECT_EQ(server, server);
  }
}

TEST(Server, StopsWithoutEverRunning) {
  struct none final : gate {
    void on_handshake(std::shared_ptr<handshake>) override {}
  } g;
  net::io_threads threads{1};
  transport::websocket_server s{{.listen = {"127.0.0.1:0"}}, g, threads.loops()};
  s.start();
  EXPECT_NE(s.port(), 0);
}

} // namespace
} // namespace swill::test
