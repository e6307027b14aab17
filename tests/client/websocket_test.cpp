#include "libswill/client/detail/socket_line.hpp"

#include "libswill/net/websocket/upgrade.hpp"
#include "tests/client/fixture.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// The client's WebSocket against a server that says what the test wants.

namespace swill::test {
namespace {

/// Takes one connection, on a thread of its own.
class scripted_server {
public:
  using script = std::function<void(scripted_server&)>;
  explicit scripted_server(script s) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0) throw std::runtime_error("bind");
    ::listen(listener_, 1);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    url_ = "ws://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    thread_ = std::jthread{[this, s = std::move(s)] {
      fd_ = ::accept(listener_, nullptr, nullptr);
      read_until("\r\n\r\n");
      s(*this);
      ::shutdown(fd_, SHUT_WR);
      while (receive()) {
      }
      ::close(fd_);
    }};
  }
  ~scripted_server() {
    thread_.join();
    ::close(listener_);
  }

  const std::string& url() const { return url_; }
  void send(std::string_view bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void accept_upgrade(std::string_view with = {}) const {
    const auto at = input_.find("Sec-WebSocket-Key: ") + 19;
    const std::string key = input_.substr(at, input_.find("\r\n", at) - at);
    send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: "
         "swill.v1\r\n"
         "Sec-WebSocket-Accept: " +
         net::websocket::accept_of(key) + "\r\n\r\n" + std::string{with});
  }
  void read_until(std::string_view what) {
    while (input_.find(what) == std::string::npos && receive()) {
    }
  }
  /// The next frame of the client, unmasked; only short ones.
  std::string read_frame() {
    input_.erase(0, input_.find("\r\n\r\n") == std::string::npos ? 0 : input_.find("\r\n\r\n") + 4);
    while (input_.size() < 2 && receive()) {
    }
    const std::size_t size = static_cast<unsigned char>(input_.at(1)) & 0x7fU;
    while (input_.size() < 6 + size && receive()) {
    }
    std::string frame = input_.substr(0, 1);
    for (std::size_t i = 0; i < size; ++i) frame.push_back(static_cast<char>(input_[6 + i] ^ input_[2 + i % 4]));
    input_.erase(0, 6 + size);
    return frame;
  }

  /// The end of a process that is killed while something is unread.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(fd_, -1));
  }

private:
  bool receive() {
    char chunk[4096];
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n > 0) input_.append(chunk, static_cast<std::size_t>(n));
    return n > 0;
  }

  int listener_ = -1;
  int fd_ = -1;
  std::string url_;
  std::string input_;
  std::jthread thread_;
};

close_reason end_after(const scripted_server::script& s, client_options o = {}) {
  const scripted_server server{s};
  close_reason why;
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url(), o);
    why = co_await c.closed();
  });
  return why;
}

connect_error::kind refusal_of(std::string_view response) {
  const scripted_server server{[&](scripted_server& s) { s.send(response); }};
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(server.url()); });
  } catch (const connect_error& e) {
    return e.why;
  }
  ADD_FAILURE();
  return connect_error::kind::timed_out;
}

using namespace std::string_view_literals;

TEST(WebSocket, TakesFramesThatComeWithTheUpgrade) {
  const auto why = end_after([](scripted_server& s) { s.accept_upgrade("\x88\x06\x0f\xa1here"sv); });
  EXPECT_EQ(why.code, 4001);
  EXPECT_EQ(why.reason, "here");
  EXPECT_TRUE(why.by_peer);
}

TEST(WebSocket, AnswersPingsAndEchoesTheClose) {
  std::string pong;
  std::string close;
  end_after([&](scripted_server& s) {
    s.accept_upgrade("\x89\x03"
                     "abc"sv);
    pong = s.read_frame();
    s.send("\x88\x02\x03\xe8"sv);
    close = s.read_frame();
  });
  EXPECT_EQ(pong, "\x8a"
                  "abc");
  EXPECT_EQ(close, "\x88\x03\xe8"sv);
}

TEST(WebSocket, ClosesOnViolations) {
  const auto code_after = [](std::string_view bytes) {
    return end_after([bytes](scripted_server& s) { s.accept_upgrade(bytes); }).code;
  };
  EXPECT_EQ(code_after("\x81\x02hi"sv), 1003);         // text
  EXPECT_EQ(code_after("\xc2\x01x"sv), 1002);          // a reserved bit
  EXPECT_EQ(code_after("\x82\x81xxxxx"sv), 1002);      // masked
  EXPECT_EQ(code_after("\x80\x01x"sv), 1002);          // goes on with nothing
  EXPECT_EQ(code_after("\x02\x01x\x82\x01x"sv), 1002); // begins anew in the middle
  EXPECT_EQ(code_after("\x09\x01x"sv), 1002);          // a ping in fragments
  EXPECT_EQ(code_after("\x83\x01x"sv), 1002);          // an unknown opcode
  EXPECT_EQ(code_after("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"sv), 1009);
  EXPECT_EQ(code_after("\x82\x01\xc1"sv), 1007); // no envelope
}

TEST(WebSocket, HoldsToItsMessageLimit) {
  client_options o;
  o.message_size = 10;
  // In fragments, each below the limit: [seq, data, 0, nil, nil] and then some.
  const auto why = end_after([](scripted_server& s) { s.accept_upgrade("\x02\x06xxxxxx\x80\x06xxxxxx"sv); }, o);
  EXPECT_EQ(why.code, 1009);
}

TEST(WebSocket, CountsAnEndWithoutCloseAsLost) {
  const auto why = end_after([](scripted_server& s) { s.accept_upgrade(); });
  EXPECT_EQ(why.code, 1006);
  EXPECT_TRUE(why.by_peer);
}

// It has stopped reading, since its items are not taken, when the connection breaks.
TEST(WebSocket, LosesNothingThatCameBeforeTheConnectionBroke) {
  constexpr int items = 20;
  const scripted_server server{[](scripted_server& s) {
    s.accept_upgrade();
    s.read_frame();
    // A frame of 408 bytes: [1, a text of 400, 0, nil, nil].
    const std::string frame =
        "\x82\x7e\x01\x98\x95\x01\xda\x01\x90" + std::string(400, 'x') + std::string{"\0\xc0\xc0"sv};
    for (int i = 0; i < items; ++i) s.send(frame);
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    s.reset();
  }};
  client_options o;
  o.receive_buffer = 1000;
  int taken = 0;
  std::int64_t code = 0;
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url(), o);
    auto stream = c.stream<std::string>("watch");
    co_await sleep_for(std::chrono::milliseconds{300});
    try {
      while (co_await stream.next()) ++taken;
    } catch (const error& e) {
      code = e.code;
    }
  });
  EXPECT_EQ(taken, items);
  EXPECT_EQ(code, 503);
}

TEST(WebSocket, LosesAServerThatAnswersNoPing) {
  client_options o;
  o.ping_interval = o.ping_timeout = std::chrono::milliseconds{20};
  const auto why = end_after(
      [](scripted_server& s) {
        s.accept_upgrade();
        s.read_frame();
        s.read_until("never");
      },
      o);
  EXPECT_EQ(why.code, 1006);
  EXPECT_FALSE(why.by_peer);
}

TEST(WebSocket, RefusesOtherAnswersToTheUpgrade) {
  EXPECT_EQ(refusal_of("HTTP/1.1 503 Full\r\nContent-Length: 4\r\n\r\nfull"), connect_error::kind::rejected);
  EXPECT_EQ(refusal_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), connect_error::kind::rejected);
  EXPECT_EQ(refusal_of("SSH-2.0-OpenSSH\r\n"), connect_error::kind::protocol);
  EXPECT_EQ(refusal_of("HTTP/1.1 401 No\r\nContent-Length: 12\r\n\r\nwho"), connect_error::kind::rejected);
  EXPECT_EQ(refusal_of("HTTP/1.1 503 Full\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfu"),
            connect_error::kind::rejected);
  EXPECT_EQ(refusal_of("HTTP/1.1 401 No\r\nContent-Le"), connect_error::kind::unreachable);
  EXPECT_EQ(
      refusal_of("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n"),
      connect_error::kind::protocol);
  EXPECT_EQ(refusal_of(""), connect_error::kind::unreachable);
}

/// What a client says that asks for this path and gets this response.
std::string words_on(const std::string& target, const std::string& response) {
  const scripted_server server{[&](scripted_server& s) { s.send(response); }};
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(server.url() + target); });
    ADD_FAILURE() << "connected";
  } catch (const connect_error& e) {
    EXPECT_EQ(e.why, connect_error::kind::rejected);
    EXPECT_EQ(e.code, e.http_status < 400 ? 501 : e.http_status);
    return e.message;
  }
  return {};
}

TEST(WebSocket, SaysWhereAPageAnsweredInsteadOfIt) {
  const std::string page = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
  EXPECT_EQ(words_on("/chat?session=secret", page),
            "the server answered HTTP 200 at /chat, and not with a WebSocket; another path may be right, such as /ws");
  EXPECT_EQ(words_on("/ws", page),
            "the server answered HTTP 200 at /ws, and not with a WebSocket; another path may be right");
  EXPECT_EQ(words_on("/" + std::string(300, 'x'), page),
            "the server answered HTTP 200 at /" + std::string(199, 'x') +
                ", and not with a WebSocket; another path may be right, such as /ws");
  EXPECT_EQ(words_on("/", "HTTP/1.1 204 Empty\r\n\r\n"),
            "the server answered HTTP 204 at /, and not with a WebSocket; another path may be right, such as /ws");
  EXPECT_EQ(
      words_on("/ws", "HTTP/1.1 301 Moved\r\nLocation: https://a.test/ws?session=secret\r\nContent-Length: 0\r\n\r\n"),
      "the server answered HTTP 301 at /ws, and not with a WebSocket; it points to https://a.test/ws");
  EXPECT_EQ(words_on("/ws", "HTTP/1.1 304 Same\r\n\r\n"),
            "the server answered HTTP 304 at /ws, and not with a WebSocket; another path may be right");
  EXPECT_EQ(words_on("/ws", "HTTP/1.1 103 Early Hints\r\n\r\n"),
            "the server answered HTTP 103 at /ws, and not with a WebSocket");
}

TEST(WebSocket, SaysThatTheServerSpeaksTls) {
  const scripted_server server{[&](scripted_server& s) { s.send("\x15\x03\x01\x00\x02\x02\x46"sv); }};
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(server.url()); });
    ADD_FAILURE() << "connected";
  } catch (const connect_error& e) {
    EXPECT_EQ(e.why, connect_error::kind::protocol);
    EXPECT_EQ(e.message, "what answered speaks TLS; a URL of wss:// may be right");
  }
}

TEST(WebSocket, SaysWhereNothingIs) {
  const std::string none = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
  EXPECT_EQ(words_on("/metrics?session=secret", none),
            "the server answered HTTP 404 at /metrics: none; another path may be right, such as /ws");
  EXPECT_EQ(words_on("/ws", none), "the server answered HTTP 404 at /ws: none; another path may be right");
  EXPECT_EQ(words_on("/ws", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
            "the server answered HTTP 403: no");
}

TEST(WebSocket, TellsTheStatusOfARejectionThatDoesNotEnd) {
  const scripted_server server{[](scripted_server& s) {
    s.read_until("\r\n\r\n");
    s.send("HTTP/1.1 401 No\r\n\r\nwho are");
    s.read_until("never");
  }};
  client_options o;
  o.connect_timeout = std::chrono::milliseconds{100};
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(server.url(), o); });
    ADD_FAILURE();
  } catch (const connect_error& e) {
    EXPECT_EQ(e.why, connect_error::kind::rejected);
    EXPECT_EQ(e.http_status, 401);
  }
}

TEST(WebSocket, GivesUpAfterTheConnectTimeout) {
  const scripted_server server{[](scripted_server& s) { s.read_until("never"); }};
  client_options o;
  o.connect_timeout = std::chrono::milliseconds{30};
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(server.url(), o); });
    ADD_FAILURE();
  } catch (const connect_error& e) {
    EXPECT_EQ(e.why, connect_error::kind::timed_out);
  }
}

} // namespace
} // namespace swill::test
