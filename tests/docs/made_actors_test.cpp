// The code of docs/actors.md about actors that a server makes, compiled and run. See handlers_test.cpp.
#include "actors/handle_actor.hpp"
#include "libswill/server/test_client.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

// [messages]
struct bid {
  std::string lot;
  std::int64_t cents = 0;
};
template <class D>
void describe(D& d, bid& b) {
  d.field("lot", b.lot);
  d.field("cents", b.cents, swill::ge{1});
}

struct question {
  std::string lot;
};
template <class D>
void describe(D& d, question& q) {
  d.field("lot", q.lot);
}

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bid)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(question)
// [/messages]

namespace {

using namespace std::chrono_literals;

// [house]
struct house_state {
  std::int64_t visitors = 0;
};

caf::behavior auction_house(caf::stateful_actor<house_state>* self) {
  return {[self](const std::string&) { return ++self->state.visitors; }};
}

swill::app make_app() {
  swill::app app;
  auto house = app.spawn("house", auction_house);
  app.handle_actor<std::string, std::int64_t>("enter", house);
  app.handle("visitors", [house](swill::request<> r) -> swill::task<std::int64_t> {
    const std::string nobody;
    const auto n = co_await swill::ask<std::int64_t>(house, 1s, nobody);
    r.context().log(swill::log_level::debug, "asked");
    co_return n - 1;
  });
  return app;
}
// [/house]

// [lot]
struct lot_state {
  std::int64_t highest = 0;
};

caf::behavior auction(caf::stateful_actor<lot_state>* self, const std::string& lot) {
  self->state.highest = lot == "vase" ? 1'000 : 0; // load what is known of it
  return {[self](const bid& b) -> caf::result<std::int64_t> {
            if (b.cents <= self->state.highest) return swill::to_caf(swill::error{409, "Too low"});
            return self->state.highest = b.cents;
          },
          [self](const question&) { return self->state.highest; }};
}
// [/lot]

TEST(ActorsPage, HasAHouse) {
  const swill::app app = make_app();
  swill::test_server server{app};
  swill::test_client client{server};
  EXPECT_EQ(client.call<std::int64_t>("enter", std::string{"ann"}), 1);
  EXPECT_EQ(client.call<std::int64_t>("visitors"), 1);
}

TEST(ActorsPage, HasLots) {
  swill::app app;
  // [keyed]
  const auto lots = swill::keyed{[](const auto& message) { return message.lot; }, // a bid, or a question
                                 auction,
                                 {.idle = 5min, .calls = 100}};
  app.handle_actor<bid, std::int64_t>("bid", lots);
  app.handle_actor<question, std::int64_t>("highest", lots);
  // [/keyed]
  swill::test_server server{app};
  swill::test_client client{server};
  EXPECT_EQ(client.call<std::int64_t>("bid", bid{"vase", 1'500}), 1'500);
  EXPECT_EQ(client.call<std::int64_t>("highest", question{"vase"}), 1'500);
  EXPECT_EQ(client.call<std::int64_t>("highest", question{"chair"}), 0);
}

TEST(ActorsPage, HasPoolsAndSupervisedActors) {
  swill::app app;
  // [supervised]
  app.handle_actor<std::string, std::int64_t>(
      "count", swill::supervised{auction_house, {.restarts = 3, .within = 1min, .wait = 2s}});
  app.handle_actor<std::string, std::int64_t>("render", swill::pool{4, auction_house});
  // [/supervised]
  app.handle_actor<std::string, std::int64_t>("enter", app.spawn("house", auction_house));
  swill::test_server server{app};
  swill::test_client client{server};
  EXPECT_EQ(client.call<std::int64_t>("count", std::string{"ann"}), 1);
  EXPECT_EQ(client.call<std::int64_t>("render", std::string{"ann"}), 1);
  EXPECT_EQ(client.call<std::int64_t>("enter", std::string{"ann"}), 1);
  EXPECT_EQ(client.call<std::int64_t>("enter", std::string{"bob"}), 2);
  // [rebind]
  const caf::actor next = server.system().spawn(auction_house);
  server.rebind("enter", next); // of a swill::server as well
  // [/rebind]
  EXPECT_EQ(client.call<std::int64_t>("enter", std::string{"eve"}), 1);
}

} // namespace
