#include "tests/transport/fixture.hpp"
#include "tests/transport/responders.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
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

constexpr std::size_t waiting_room = 256;

/// With clients that stay when they are done with.
std::function<void(transport::server_settings&)> with_patience(std::size_t places) {
  return [places](auto& settings) {
    settings.limits.connections = places;
    settings.limits.close_timeout = std::chrono::minutes{1};
    settings.listen.push_back(internal_listener("127.0.0.1:0"));
  };
}

/// Fills the waiting room, but for `free` seats, with clients that have had their answer and keep TCP.
std::vector<raw_client> fill_waiting_room(const test_server& s, std::size_t free = 0) {
  std::vector<raw_client> stay;
  for (std::size_t i = free; i < waiting_room; ++i) {
    stay.push_back(s.connect());
    stay.back().send(get("/none"));
    EXPECT_EQ(stay.back().read_response().status, 404) << i;
    EXPECT_TRUE(stay.back().at_end());
  }
  return stay;
}

// Those who are done with and stay are not kept without end: where there are too many, the first of them go.
TEST(Places, WhoHasWaitedLongestGivesWayToTheNextThatIsDone) {
  constexpr std::size_t more = 10;
  test_server s{{}, with_patience(2)};

  std::vector<raw_client> stay = fill_waiting_room(s);
  EXPECT_EQ(s.statistics().open, waiting_room);
  for (std::size_t i = 0; i < more; ++i) {
    stay.push_back(s.connect());
    stay.back().send(get("/none"));
    EXPECT_EQ(stay.back().read_response().status, 404);
    EXPECT_TRUE(stay.back().at_end());
    EXPECT_EQ(s.statistics().open, waiting_room);
  }

  { // the places are there for whoever is served
    const raw_client a = s.open(), b = s.open();
    EXPECT_TRUE(s.server().is_full());
  }
  for (int i = 0; i < 3; ++i) { // and the listener of those who run the server has room of its own
    stay.emplace_back(s.server().addresses().back());
    stay.back().send(get("/none"));
    EXPECT_EQ(stay.back().read_response().status, 404);
  }
  while (stay.size() > more + 3) stay.pop_back();
  EXPECT_TRUE(eventually([&] { return s.statistics().open == 0; })) << "the first ones are still there";
}

TEST(Places, WhoIsRefusedIsToldSoWhileOthersStay) {
  test_server s{{}, with_patience(1)};
  const raw_client served = s.open();
  std::vector<raw_client> stay = fill_waiting_room(s);

  for (int i = 0; i < 3; ++i) {
    stay.push_back(s.connect());
    EXPECT_EQ(stay.back().upgrade().status, 503) << i;
  }

  EXPECT_EQ(s.statistics().open, waiting_room + 1);
  EXPECT_EQ(s.statistics().turned_away, 0U);
}

// Connections come to the I/O threads in turn, and all that stay are on one of them.
TEST(Places, WhoIsRefusedIsToldSoWhileAllThatStayAreOfOneThread) {
  constexpr std::size_t threads = 2;
  test_server s{{}, with_patience(1), threads};
  const raw_client served = s.open();
  std::vector<raw_client> stay;
  for (std::size_t i = 0; stay.size() < waiting_room; ++i) {
    {
      raw_client c = s.connect();
      c.send(get("/none"));
      ASSERT_EQ(c.read_response().status, 404);
      if (i % threads == 0) stay.push_back(std::move(c));
    }
    ASSERT_TRUE(eventually([&] { return s.statistics().open == stay.size() + 1; }));
  }

  for (int i = 0; i < 6; ++i) EXPECT_EQ(s.connect().upgrade().status, 503) << i;
  EXPECT_EQ(s.statistics().turned_away, 0U);
}

// One has closed its WebSocket and has not read what came before; it has waited longer than all others.
TEST(Places, NobodyGivesWayBeforeAllOfItsAnswerHasLeft) {
  const std::string large(16 * 1024 * 1024, 'x');
  script does;
  does.on_message = [&large](message_port& port, bytes_view) {
    send(port, large);
    port.close(4000, "done");
  };
  test_server s{does, with_patience(2)};
  raw_client slow = s.open();
  slow.send_message("large");
  slow.send(raw_client::close_frame(4000));
  ASSERT_TRUE(eventually([&] { return s.statistics().closed_by_application == 1; }));

  std::vector<raw_client> stay = fill_waiting_room(s, 1);
  for (int i = 0; i < 3; ++i) {
    stay.push_back(s.connect());
    stay.back().send(get("/none"));
    EXPECT_EQ(stay.back().read_response().status, 404);
  }

  EXPECT_EQ(slow.read_message(), large);
  EXPECT_EQ(slow.read_frame().close_code(), 4000);
  EXPECT_TRUE(slow.at_end());
}

// Those who have asked for nothing yet have their seats until they are answered.
TEST(Places, NobodyGivesWayBeforeItsAnswer) {
  test_server s{{}, with_patience(1)};
  const raw_client served = s.open();
  std::vector<raw_client> silent;
  for (std::size_t i = 0; i < waiting_room; ++i) silent.push_back(s.connect());
  ASSERT_TRUE(eventually([&] { return s.statistics().open == waiting_room + 1; }));

  EXPECT_TRUE(s.connect().at_end());

  EXPECT_EQ(s.statistics().turned_away, 1U);
  EXPECT_EQ(silent.front().upgrade().status, 503);
}

} // namespace
} // namespace swill::test
