#include "libswill/net/connector.hpp"

#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <condition_variable>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace swill::net {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A listener on the loopback. One with a full backlog drops what else comes, as an address behind a firewall does.
class listening_socket {
public:
  explicit listening_socket(bool full = false) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof a;
    ::bind(fd_, reinterpret_cast<const sockaddr*>(&a), size);
    ::listen(fd_, full ? 0 : 16);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&a), &size);
    port_ = ntohs(a.sin_port);
    for (int i = 0; full && i < 4; ++i) {
      fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(fillers_.back(), reinterpret_cast<const sockaddr*>(&a), size);
    }
  }
  ~listening_socket() {
    ::close(fd_);
    for (const int f : fillers_) ::close(f);
  }
  listening_socket(const listening_socket&) = delete;
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }

private:
  int fd_;
  std::uint16_t port_ = 0;
  std::vector<int> fillers_;
};

/// A loop that runs here until a connector has answered.
struct Connector : testing::Test {
  event_loop loop;

  /// The port of the socket, or the error's text.
  std::string outcome(connector& c, const std::string& to) {
    std::string seen = "nothing";
    loop.post([&] {
      c.connect(to, [&](const result<int>& fd) {
        seen = fd ? peer_of(*fd) : fd.error().message;
        if (fd) ::close(*fd);
        loop.stop();
      });
    });
    loop.run();
    return seen;
  }
  static std::string peer_of(int fd) {
    sockaddr_in a{};
    socklen_t size = sizeof a;
    ::getpeername(fd, reinterpret_cast<sockaddr*>(&a), &size);
    return "127.0.0.1:" + std::to_string(ntohs(a.sin_port));
  }
};

look_up_function always(std::vector<std::string> addresses) {
  return [addresses = std::move(addresses)](const std::string&) { return addresses; };
}

TEST_F(Connector, ConnectsToAnAddressAndToAName) {
  const listening_socket there;
  connector c{loop};

  EXPECT_EQ(outcome(c, there.address()), there.address());
  EXPECT_EQ(outcome(c, "localhost:" + std::to_string(there.port())), there.address());
}

TEST_F(Connector, DoesNotWaitForAnAddressThatDropsPackets) {
  const listening_socket deaf{true};
  const listening_socket there;
  connector c{loop, always({deaf.address(), there.address()})};

  const auto before = clock::now();
  EXPECT_EQ(outcome(c, "name:1"), there.address());
  EXPECT_LT(clock::now() - before, patient(2s)); // 250 ms; TCP alone tries for two minutes
}

TEST_F(Connector, BeginsWithTheNextAddressUntilOneIsGood) {
  const listening_socket one;
  const listening_socket two;
  connector c{loop, always({one.address(), two.address()})};

  EXPECT_EQ(outcome(c, "name:1"), one.address()); // connected, but its owner does not say that it is good
  EXPECT_EQ(outcome(c, "name:1"), two.address());
  EXPECT_EQ(outcome(c, "name:1"), one.address());
  c.begin_with_first();
  EXPECT_EQ(outcome(c, "name:1"), one.address());
}

TEST_F(Connector, SaysWhyThereIsNoConnection) {
  std::string gone;
  {
    const listening_socket closed;
    gone = closed.address();
  }
  connector c{loop, [](const std::string& name) -> std::vector<std::string> {
                if (name == "none:1") return {};
                throw std::runtime_error("the name server is ill");
              }};

  EXPECT_EQ(outcome(c, gone), gone + ": Connection refused");
  EXPECT_EQ(outcome(c, "none:1"), "no address: the name has none");
  EXPECT_EQ(outcome(c, "other:1"), "no address: the name server is ill");
}

/// A look-up that hangs until the test says so; its state outlives the test's frame, as a look_up_function's must.
struct stuck_name_server {
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    int asked = 0;
    bool open = false;
  };
  std::shared_ptr<state> s = std::make_shared<state>();

  look_up_function look_up(std::string answer) const {
    return [s = s, answer = std::move(answer)](const std::string&) {
      std::unique_lock lock{s->mutex};
      ++s->asked;
      s->changed.notify_all();
      s->changed.wait(lock, [&] { return s->open; });
      return std::vector<std::string>{answer};
    };
  }
  void wait_until_asked() const {
    std::unique_lock lock{s->mutex};
    s->changed.wait(lock, [&] { return s->asked != 0; });
  }
  void answer() const {
    const std::lock_guard lock{s->mutex};
    s->open = true;
    s->changed.notify_all();
  }
  ~stuck_name_server() { answer(); }
};

TEST(ConnectorEnd, NobodyWaitsForANameServer) {
  const stuck_name_server server;
  const auto before = clock::now();
  {
    event_loop loop;
    connector c{loop, server.look_up("127.0.0.1:1")};
    std::thread t{[&] { loop.run(); }};
    loop.post([&] { c.connect("name:1", [](const result<int>&) { FAIL(); }); });
    server.wait_until_asked();
    loop.stop();
    t.join();
  }
  EXPECT_LT(clock::now() - before, patient(5s));
}

TEST_F(Connector, ASlowNameServerIsAskedOnceForManyAttempts) {
  const listening_socket there;
  const stuck_name_server server;
  connector c{loop, server.look_up(there.address())};

  loop.post([&] {
    for (int i = 0; i < 3; ++i) {
      c.connect("name:1", [](const result<int>&) { FAIL(); });
      c.cancel();
    }
  });
  std::thread answers{[&] {
    server.wait_until_asked();
    server.answer();
  }};
  EXPECT_EQ(outcome(c, "name:1"), there.address());
  answers.join();
  EXPECT_EQ(server.s->asked, 1);
}

TEST(NameLookUp, WaitsForItsTurnWhenAllThreadsHang) {
  const stuck_name_server server;
  std::vector<std::unique_ptr<name_look_up>> all;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t answered = 0;
  for (int i = 0; i < 40; ++i) {
    all.push_back(std::make_unique<name_look_up>());
    all.back()->start("name:1", server.look_up("127.0.0.1:1"), [&](const result<std::vector<std::string>>& r) {
      const std::lock_guard lock{mutex};
      if (r && r->front() == "127.0.0.1:1") ++answered;
      changed.notify_all();
    });
  }
  all.back().reset(); // while it waits
  {
    std::unique_lock lock{server.s->mutex};
    server.s->changed.wait(lock, [&] { return server.s->asked == 32; });
  }
  server.answer();

  std::unique_lock lock{mutex};
  EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return answered == 39; })) << answered;
}

TEST(NameLookUp, GivesAddressesWithPorts) {
  EXPECT_EQ(look_up_addresses("127.0.0.2:7"), std::vector<std::string>{"127.0.0.2:7"});
  EXPECT_EQ(look_up_addresses("[::1]:7"), std::vector<std::string>{"[::1]:7"});
  EXPECT_THROW(look_up_addresses("no.such.name.invalid:7"), error);
}

} // namespace
} // namespace swill::net
