#include "libswill/transport/websocket_server.hpp"

#include "tests/transport/fixture.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>

// Over real sockets: what connections keep, one and all together, and for how long.

namespace swill::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t mib = 1024 * 1024;

TEST(MessageTimeout, ClosesWhenAMessageIsNotCompleteInTime) {
  test_server s{{}, [](auto& settings) { settings.limits.message_timeout = milliseconds{50}; }};
  const auto whole = raw_client::encode(2, std::string(1000, 'x'));
  const std::vector<std::string> parts{whole.substr(0, 1),
                                       whole.substr(0, 8),
                                       whole.substr(0, 500),
                                       raw_client::encode(2, "", false),
                                       raw_client::encode(2, "part", false),
                                       raw_client::encode(2, "first") + whole.substr(0, 500)};
  for (const auto& part : parts) {
    auto c = s.open();
    c.send(part);
    auto f = c.read_frame();
    if (f.payload == "first") f = c.read_frame();
    EXPECT_EQ(f.close_code(), 1008);
    c.send(raw_client::close_frame(1008));
  }
  EXPECT_TRUE(eventually([&] { return s.statistics().closed_for_error == parts.size(); }));
}

TEST(MessageTimeout, CountsFromTheFirstByte) {
  test_server s{{}, [](auto& settings) { settings.limits.message_timeout = milliseconds{50}; }};
  auto c = s.open();
  const auto whole = raw_client::encode(2, std::string(100000, 'x'));
  pollfd answer{c.fd(), POLLIN, 0};
  for (std::size_t sent = 0; ::poll(&answer, 1, 5) == 0; ++sent) c.send(whole.substr(sent, 1)); // always something new

  EXPECT_EQ(c.read_frame().close_code(), 1008);
}

TEST(MessageTimeout, StandsStillWhileReadingIsPaused) {
  message_port* port = nullptr;
  script does;
  does.on_message = [&](message_port& p, bytes_view m) {
    port = &p;
    send(p, as_text(m));
    if (as_text(m) == "pause") p.pause_reading(true);
  };
  test_server s{does, [](auto& settings) {
                  settings.limits.message_timeout = milliseconds{400};
                  settings.limits.ping_interval = milliseconds{4000}; // ten times as often while reading is paused
                }};
  auto c = s.open();
  const auto whole = raw_client::encode(2, std::string(1000, 'x'));
  c.send(raw_client::encode(2, "pause") + whole.substr(0, 500));
  EXPECT_EQ(c.read_message(), "pause");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(c.read_frame().op, 9);

  s.on_loop([&] { port->pause_reading(false); });
  c.send(whole.substr(500));

  EXPECT_EQ(c.read_message(), std::string(1000, 'x'));
}

// Sends as much as it can without waiting; returns how much.
std::size_t send_some(const raw_client& c, std::string_view bytes) {
  std::size_t sent = 0;
  while (sent != bytes.size()) {
    const ssize_t n = ::send(c.fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  return sent;
}

TEST(ServerMemory, BoundsHalfMessagesOfMany) {
  test_server s{{}, [](auto& settings) {
                  settings.limits.server_memory = 8 * mib;
                  settings.limits.message_timeout = milliseconds{1000};
                  settings.limits.close_timeout = milliseconds{100};
                }};
  const auto half = raw_client::encode(2, std::string(mib, 'x')).substr(0, mib - 1000);
  std::vector<raw_client> strangers;
  for (int i = 0; i < 60; ++i) strangers.push_back(s.open());
  std::uint64_t most = 0;
  std::vector<std::size_t> sent(strangers.size());
  for (int round = 0; round < 20 || (most <= 4 * mib && round < 500); ++round) { // a busy server reads less in each
    for (std::size_t i = 0; i < strangers.size(); ++i)
      sent[i] += send_some(strangers[i], std::string_view{half}.substr(sent[i]));
    s.on_loop([] {});
    most = std::max(most, s.statistics().kept);
  }
  EXPECT_GT(most, 4 * mib);
  EXPECT_LT(most, 24 * mib); // and not 60
  auto neighbour = s.open();
  neighbour.send_message("small ones pass");
  EXPECT_EQ(neighbour.read_message(), "small ones pass");

  for (auto& c : strangers) EXPECT_EQ(c.read_frame().close_code(), 1008);
  const std::string large(mib, 'x');
  neighbour.send_message(large);
  EXPECT_EQ(neighbour.read_message(), large);
  EXPECT_TRUE(eventually([&] { return s.statistics().kept == 0; }));
}

TEST(ServerMemory, BoundsUnreadAnswersOfMany) {
  script does;
  does.on_message = [](message_port& p, bytes_view) { send(p, std::string(100000, 'x')); };
  test_server s{does, [](auto& settings) {
                  settings.limits.server_memory = 8 * mib;
                  settings.limits.slow_reader_timeout = milliseconds{1000};
                  settings.kernel_unsent = 16 * 1024;
                }};
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += raw_client::encode(2, "");
  std::vector<raw_client> strangers;
  for (int i = 0; i < 60; ++i) {
    strangers.push_back(s.open());
    strangers.back().send(requests);
  }
  auto neighbour = s.open();
  neighbour.send(requests);
  std::uint64_t most = 0;
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(neighbour.read_message().size(), 100000U);
    most = std::max(most, s.statistics().kept);
  }
  EXPECT_LT(most, 32 * mib); // and not 120

  EXPECT_TRUE(eventually([&] { return s.statistics().slow_readers == 60; }));
  EXPECT_TRUE(
      eventually([&] { return s.statistics().kept == 0; })); // the neighbour's buffers have been given back, too
}

TEST(ServerMemory, LetsAStreamGoOnThatWaitedForIt) {
  std::atomic<int> sent{0};
  const auto fill = [&](message_port& p) {
    for (; sent < 400 && p.has_room(1, limits{}.send_buffer); ++sent) send(p, std::string(100000, 'x'));
  };
  message_port* hog = nullptr;
  script does;
  does.on_message = [&](message_port& p, bytes_view m) {
    if (as_text(m) != "hog") return fill(p);
    hog = &p;
    p.on_held(8 * mib);
  };
  does.on_writable = fill;
  test_server s{does, [](auto& settings) { settings.limits.server_memory = 8 * mib; }};
  auto first = s.open();
  first.send_message("hog");
  ASSERT_TRUE(eventually([&] { return s.statistics().kept >= 8 * mib; }));

  auto c = s.open();
  c.send_message("stream");

  for (int i = 0; i < 200; ++i) ASSERT_EQ(c.read_message().size(), 100000U);
  s.on_loop([&] { hog->on_held(-static_cast<std::ptrdiff_t>(8 * mib)); });
  for (int i = 0; i < 200; ++i) ASSERT_EQ(c.read_message().size(), 100000U);
}

} // namespace
} // namespace swill::test
