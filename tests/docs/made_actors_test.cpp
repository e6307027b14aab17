// The code of docs/actors.md about actors that a server makes, compiled and run. See handlers_test.cpp.
#include "actors/handle_actor.hpp"
#include "libswill/server/server.hpp"
#include "libswill/server/test_client.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

// [transfer]
struct transfer {
  std::string from, to;
  std::int64_t cents = 0;
  bool arrives = false; // at `to`. It is no field, so no client can say so
};
template <class D>
void describe(D& d, transfer& t) {
  d.field("from", t.from);
  d.field("to", t.to);
  d.field("cents", t.cents, swill::ge{1});
}

struct account_state {
  std::int64_t cents = 1'000;
};

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(transfer)
// [/transfer]

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

// The row of docs/handlers.md about the log.
TEST(ActorsPage, HasAnActorThatLogs) {
  std::vector<std::string> lines;
  swill::app app;
  app.set_log([&lines](const swill::log_entry& e) { lines.emplace_back(e.text); });
  const auto house = app.spawn("house", [log = app.log()](caf::event_based_actor*) -> caf::behavior {
    return {[log](const std::string& name) {
      swill::logger{&log}.write(swill::log_level::info, "is here", {{"name", name}});
      return true;
    }};
  });
  app.handle_actor<std::string, bool>("enter", house);
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_TRUE(client.call<bool>("enter", std::string{"ann"}));

  EXPECT_THAT(lines, testing::ElementsAre("is here"));
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

// [account]
// A call goes to the account that pays. When there is enough, it asks that of the other one to take it.
caf::behavior account(caf::stateful_actor<account_state>* self, const std::string&) {
  return {[self](const swill::call_info& caller, const transfer& t) -> caf::result<std::int64_t> {
    if (t.arrives) return self->state.cents += t.cents;
    if (t.cents > self->state.cents) return swill::to_caf(swill::error{409, "Too little"});
    auto promise = self->make_response_promise<std::int64_t>();
    const caf::actor accounts = swill::find_handler_actor(self->system(), "pay");
    self->request(accounts, caf::infinite, caller, transfer{t.from, t.to, t.cents, true})
        .then([self, promise, t](std::int64_t) mutable { promise.deliver(self->state.cents -= t.cents); },
              [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
    return promise;
  }};
}
// [/account]

struct Accounts : testing::Test {
  /// Transfers of ann to the bank, which takes its time.
  void serve(bool serial) {
    const auto all = swill::keyed{[](const transfer& t) { return t.arrives ? t.to : t.from; },
                                  [this](caf::stateful_actor<account_state>* self, const std::string& who) {
                                    return who == "bank" ? bank(self) : account(self, who);
                                  },
                                  {.serial = serial}};
    app.handle_actor<swill::with_info<transfer>, std::int64_t>("pay", all);
    server.emplace(app);
    client.emplace(*server);
    first = client->open("pay", transfer{"ann", "bank", 1'000});
    second = client->open("pay", transfer{"ann", "bank", 1'000});
    server->run();
  }
  caf::behavior bank(caf::stateful_actor<account_state>* self) {
    return {[this, self](const swill::call_info&, const transfer&) {
      return taken.emplace_back(self->make_response_promise<std::int64_t>());
    }};
  }
  void TearDown() override { taken.clear(); }
  swill::app app;
  std::vector<caf::typed_response_promise<std::int64_t>> taken;
  std::optional<swill::test_server> server;
  std::optional<swill::test_client> client;
  std::uint64_t first = 0, second = 0;
};

TEST_F(Accounts, FindTheSameMoneyTwice) {
  serve(false);
  for (std::size_t i = 0; i < 2; ++i) {
    taken.at(0).deliver(std::int64_t{1});
    taken.erase(taken.begin());
    server->run();
  }
  EXPECT_EQ(client->expect<std::int64_t>(first), 0);
  EXPECT_EQ(client->expect<std::int64_t>(second), -1'000);
}

TEST_F(Accounts, ThatAreSerialDoNot) {
  serve(true);
  ASSERT_EQ(taken.size(), 1U);
  taken[0].deliver(std::int64_t{1});
  EXPECT_EQ(client->expect<std::int64_t>(first), 0);
  EXPECT_THROW(client->expect<std::int64_t>(second), swill::error);
}

TEST(ActorsPage, AccountsPayEachOther) {
  swill::app app;
  // [accounts]
  const auto accounts =
      swill::keyed{[](const transfer& t) { return t.arrives ? t.to : t.from; }, account, {.serial = true}};
  app.handle_actor<swill::with_info<transfer>, std::int64_t>("pay", accounts);
  // [/accounts]
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<std::int64_t>("pay", transfer{"ann", "bob", 300}), 700);
  EXPECT_EQ(client.call<std::int64_t>("pay", transfer{"bob", "ann", 1'200}), 100);
  const auto seq = client.open("pay", transfer{"ann", "bob", -5});
  server.run();
  const auto reply = client.receive(seq);
  ASSERT_TRUE(reply && reply->failure);
  EXPECT_EQ(reply->failure->code, 422);
}

TEST(ActorsPage, NamesTheChainOfACycle) {
  swill::app app;
  caf::actor all;
  // Each asks the other.
  const auto accounts = swill::keyed{[](const transfer& t) { return t.from; },
                                     [&all](caf::event_based_actor* self, const std::string&) -> caf::behavior {
                                       return {[self, &all](const swill::call_info& caller, const transfer& t) {
                                         auto promise = self->make_response_promise<std::int64_t>();
                                         self->request(all, caf::infinite, caller, transfer{t.to, t.from, t.cents})
                                             .then([promise](std::int64_t n) mutable { promise.deliver(n); },
                                                   [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
                                         return promise;
                                       }};
                                     },
                                     {.serial = true}};
  app.handle_actor<swill::with_info<transfer>, std::int64_t>("pay", accounts);
  swill::test_server server{app};
  all = accounts.actor();
  swill::test_client client{server};
  const auto seq = client.open("pay", transfer{"ann", "bob", 5}, {"timeout_ms", 100});
  server.advance(100ms);
  const auto reply = client.receive(seq);
  ASSERT_TRUE(reply && reply->failure);
  const swill::error& e = *reply->failure;
  EXPECT_EQ(e.code, 408);
  // [cycle]
  EXPECT_EQ(e.message, "Deadline exceeded: pay[ann] -> pay[bob] -> pay[ann]");
  EXPECT_EQ(e.data.find("chain")->get_if<swill::value_array>()->size(), 3U);
  // [/cycle]
  all = nullptr;
}

// [test_idle]
TEST(Lots, AreLoadedAgainAfterFiveIdleMinutes) {
  swill::app app;
  const auto lots = swill::keyed{[](const auto& message) { return message.lot; }, auction, {.idle = 5min}};
  app.handle_actor<bid, std::int64_t>("bid", lots);
  app.handle_actor<question, std::int64_t>("highest", lots);
  swill::test_server server{app};
  swill::test_client client{server};
  client.call("bid", bid{"vase", 1'500});

  server.advance(5min); // of the server's clock: the test does not wait

  EXPECT_EQ(client.call<std::int64_t>("highest", question{"vase"}), 1'000); // of the next actor
}
// [/test_idle]

// [test_death]
TEST(House, IsMadeAgainWhenItHasDied) {
  swill::app app;
  app.handle_actor<std::string, std::int64_t>("enter", swill::supervised{auction_house});
  swill::test_server server{app};
  swill::test_client client{server};
  EXPECT_EQ(client.call<std::int64_t>("enter", "ann"), 1);

  caf::anon_send_exit(swill::find_handler_actor(server.system(), "enter"), caf::exit_reason::kill);
  server.run();
  const auto seq = client.open("enter", "bob"); // waits for the next actor
  server.advance(100ms);                        // restart_policy::first_pause

  EXPECT_EQ(client.expect<std::int64_t>(seq), 1); // which begins anew
}
// [/test_death]

TEST(ActorsPage, AreSilent) {
  const swill::app app;
  std::optional<swill::test_server> server{app};
  testing::internal::CaptureStdout();
  caf::actor a = server->system().spawn([](caf::event_based_actor* self) -> caf::behavior {
    // [drop]
    self->set_default_handler(caf::drop);
    // [/drop]
    return {[](int) {}};
  });
  caf::anon_send(a, 1.5);
  caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  a = nullptr;
  server.reset();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

struct box {
  int weight = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, box& b) {
  return f(caf::meta::type_name("box"), b.weight);
}

// [config]
struct shop_config : caf::actor_system_config {
  shop_config() {
    add_message_type<box>("box");                       // CAF can write it, for actors elsewhere
    set("scheduler.max-throughput", std::uint64_t{64}); // messages that an actor of the pool takes in a row
    set("logger.verbosity", caf::atom("quiet"));
    opt_group{custom_options_, "shop"}.add(currency, "currency", "that of all prices");
  }
  std::string currency = "EUR"; // static_cast<const shop_config&>(self->system().config()).currency
};
// [/config]

TEST(ActorsPage, HasAConfiguration) {
  swill::app app;
  // [configured]
  swill::server server{app, {.listen = {"127.0.0.1:0"}, .actor_system = std::make_shared<shop_config>()}};
  // [/configured]
  EXPECT_EQ(static_cast<const shop_config&>(server.system().config()).currency, "EUR");
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
