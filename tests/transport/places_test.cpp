#include "tests/transport/fixture.hpp"
#include "tests/transport/responders.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Which connections count towards limits::connections, and what becomes of those that do not.

namespace swill::test {
namespace {

TEST(Places, AreTakenByRequestsOfHttpToo) {
  test_server s{{}, with_routes({}, [](auto& l) { l.connections = 1; })};
  raw_client first = s.connect();
  first.send(get("/hello"));
  EXPECT_EQ(first.read_response().status, 200);
  raw_client second = s.connect();
  second.send(get("/hello"));
  const auto r = second.read_response();
  EXPECT_EQ(r.status, 503);
  EXPECT_EQ(r.header("Retry-After"), "1");
}

// Three clients have all the places; three more, refused, keep their sockets; then the first three go.
TEST(Places, AreNotKeptByWhoWasRefused) {
  constexpr std::size_t places = 3;
  test_server s{{}, with_routes({}, [](auto& l) {
                  l.connections = places;
                  l.close_timeout = std::chrono::minutes{1};
                })};
  const auto ask = [&s](const std::string& request, int status) {
    raw_client c = s.connect();
    c.send(request);
    EXPECT_EQ(c.read_response().status, status) << request;
    return c;
  };
  const std::string upgrade = raw_client::upgrade_request();
  std::vector<raw_client> refused;
  {
    std::vector<raw_client> served;
    for (std::size_t i = 0; i < places; ++i) served.push_back(s.open());
    for (std::size_t i = 0; i < places; ++i) refused.push_back(ask(upgrade, 503));
    for (const char* path : {"/hello", "/ready"}) refused.push_back(ask(get(path), 503));
  }
  ASSERT_TRUE(eventually([&] { return s.statistics().open == refused.size(); }));
  EXPECT_FALSE(s.server().is_full());
  for (std::size_t i = 0; i < 2 * places; ++i) {
    refused.push_back(ask(get("/none"), 404));
    refused.push_back(ask(get("/ready"), 200));
    refused.push_back(ask(get("/hello", "Connection: close\r\n"), 200));
    refused.push_back(ask("x\r\n\r\n", 400));
    raw_client closed = s.open(); // whose WebSocket is closed, and who keeps TCP
    closed.send_frame(1, "text");
    EXPECT_EQ(closed.read_frame().close_code(), 1003);
    closed.send(raw_client::close_frame(1003));
    refused.push_back(std::move(closed));
  }
  std::vector<raw_client> served;
  for (std::size_t i = 0; i < places; ++i) served.push_back(s.open());
  EXPECT_TRUE(s.server().is_full());
  ask(upgrade, 503);
}

TEST(Places, AreForWhoWaitsWhenTheyBecomeFree) {
  test_server s{{}, with_routes({}, [](auto& l) { l.connections = 1; })};
  auto first = std::make_unique<raw_client>(s.open());
  std::vector<raw_client> waiting; // connected, and have asked for nothing yet
  for (int i = 0; i < 3; ++i) waiting.push_back(s.connect());
  ASSERT_TRUE(eventually([&] { return s.statistics().open == 4; }));
  first.reset();
  ASSERT_TRUE(eventually([&] { return s.statistics().open == 3; }));

  EXPECT_EQ(waiting[0].upgrade().status, 101);
  EXPECT_EQ(waiting[1].upgrade().status, 503);
}

// Those who are done with and stay are not kept without end: from then on a connection ends as soon as its answer has gone.
TEST(Places, NobodyIsWaitedForBeyondTheWaitingRoom) {
  constexpr std::size_t room = 256;
  test_server s{{}, [](auto& settings) {
                  settings.limits.connections = 2;
                  settings.limits.close_timeout = std::chrono::minutes{1};
                  settings.listen.push_back(internal_listener("127.0.0.1:0"));
                }};
  std::vector<raw_client> stay;
  for (std::size_t i = 0; i < room; ++i) {
    stay.push_back(s.connect());
    stay.back().send(get("/none"));
    ASSERT_EQ(stay.back().read_response().status, 404) << i;
  }
  EXPECT_EQ(s.statistics().open, room);
  for (int i = 0; i < 10; ++i) {
    raw_client more = s.connect();
    more.send(get("/none"));
    EXPECT_EQ(more.read_response().status, 404);
    EXPECT_TRUE(more.at_end());
  }
  const raw_client a = s.open(), b = s.open(); // the places are there for whoever is served
  EXPECT_TRUE(s.connect().at_end());
  EXPECT_EQ(s.statistics().open, room + 2);
  for (int i = 0; i < 3; ++i) { // and the listener of those who run the server has room of its own
    stay.emplace_back(s.server().addresses().back());
    stay.back().send(get("/none"));
    EXPECT_EQ(stay.back().read_response().status, 404);
  }
}

} // namespace
} // namespace swill::test
