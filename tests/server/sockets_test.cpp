#include "libswill/server/server.hpp"

#include "libswill/api/app.hpp"
#include "libswill/transport/statistics.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

// What a server does with its sockets.

namespace swill {
namespace {

using namespace std::chrono_literals;

/// Of the socket of this process that listens on the port: its connections inherit it. -1: there is none.
int unsent_at(std::uint16_t port) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) continue;
    int listens = 0;
    size = sizeof listens;
    ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
    if (at.sin_family != AF_INET || ntohs(at.sin_port) != port || listens == 0) continue;
    int unsent = -1;
    size = sizeof unsent;
    ::getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, &size);
    return unsent;
  }
  return -1;
}

int unsent_with(server_options o) {
  app a;
  a.set_log({});
  o.listen = {"127.0.0.1:0"};
  o.io_threads = 1;
  server s{a, o};
  s.start();
  return unsent_at(s.port());
}

TEST(ServerOptions, BoundWhatTheKernelHoldsUnsentAlsoByDefault) {
  EXPECT_EQ(unsent_with({}), 256 * 1024);
  EXPECT_EQ(unsent_with({.kernel_unsent = 4096}), 4096);
}

TEST(StalledReader, IsDroppedInTimeWhenTheServerStops) {
  app a;
  a.set_log({});
  a.limits().drain_timeout = 50ms;
  a.limits().close_timeout = 50ms;
  a.limits().slow_reader_timeout = 1h;
  a.handle("large", [](request<>) { return std::string(7 * 1024 * 1024, 'x'); }); // more than both kernels' buffers
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  test::raw_client c{s.addresses().front()};
  c.upgrade();
  buffer out;
  wire::writer w{out};
  wire::write_request(w, 1, bytes{}, "large", wire::request_type::message);
  c.send_message(as_text(out.view()));
  for (int i = 0; i < 10'000 && s.statistics().bytes_out < 64 * 1024; ++i) ::poll(nullptr, 0, 1);
  ASSERT_GE(s.statistics().bytes_out, 64U * 1024);

  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(s.stop()) << "it is left behind";

  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(5s)); // 0.1 s, and a second for the rest
  EXPECT_LT(s.statistics().bytes_out, 7U * 1024 * 1024);
}

TEST(PipelinedRequests, AreAllAnsweredHoweverLongTheirUnknownNamesAre) {
  constexpr std::uint64_t requests = 10;
  app a;
  a.set_log({});
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  test::raw_client c{s.addresses().front()};
  c.upgrade();
  std::string all;
  for (std::uint64_t seq = 1; seq <= requests; ++seq) {
    buffer out;
    wire::writer w{out};
    wire::write_request(w, seq, bytes{}, std::string(60'000, static_cast<char>('a' + seq)),
                        wire::request_type::message);
    all += test::raw_client::encode(2, as_text(out.view()));
  }

  c.send(all);

  for (std::uint64_t seq = 1; seq <= requests; ++seq) {
    const std::string answer = c.read_message();
    const auto got = wire::decode_response(as_bytes(answer), a.limits());
    EXPECT_EQ(got.envelope.seq, seq);
    EXPECT_EQ(got.envelope.type, wire::response_type::error);
  }
}

} // namespace
} // namespace swill
