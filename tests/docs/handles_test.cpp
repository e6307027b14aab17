// The code of docs/actors.md about handles of connections and requests, compiled and run. See handlers_test.cpp.
#include "actors/handles.hpp"
#include "actors/lifecycle.hpp"
#include "actors/mailbox.hpp"
#include "actors/on_message.hpp"
#include "libswill/server/test_client.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// [messages]
struct price {
  std::int64_t cents = 0;
};
struct market_closed {};
struct ban {
  std::string why;
};

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(price)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(market_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ban)
// [/messages]

namespace {

using namespace std::chrono_literals;

// [market]
using watcher = swill::mailbox<price, market_closed>::handle; // a typed_actor of CAF

struct market_state {
  std::vector<watcher> watchers;
};

caf::behavior market(caf::stateful_actor<market_state>* self) {
  self->set_down_handler([self](const caf::down_msg& gone) { // a request that has ended
    std::erase_if(self->state.watchers, [&](const watcher& w) { return w.address() == gone.source; });
  });
  return {[self](const watcher& w) {
            self->monitor(w);
            self->state.watchers.push_back(w);
          },
          [self](const price& p) {
            for (const watcher& w : self->state.watchers) self->send(w, p);
          },
          [self](const market_closed& m) {
            for (const watcher& w : self->state.watchers) self->send(w, m);
          }};
}
// [/market]

TEST(ActorsPage, HandlersAwaitMessages) {
  swill::app app;
  // [watch]
  auto prices = app.spawn("market", market);
  app.handle("watch", [prices](swill::request<> r) -> swill::stream<std::int64_t> {
    auto box = r.context().open_mailbox<price, market_closed>({.when_full = swill::when_full::conflate});
    const auto address = box.actor();
    co_await swill::ask<void>(prices, 1s, address); // from now on it may send
    for (;;) {
      auto m = co_await box.next();
      if (std::holds_alternative<market_closed>(m)) co_return;
      co_yield std::get<price>(m).cents;
    }
  });
  // [/watch]
  app.handle("tell", [prices](swill::request<std::int64_t> r) -> swill::task<void> {
    const price p{r.data()};
    co_await swill::ask<void>(prices, 1s, p);
  });
  app.handle("close", [prices](swill::request<>) -> swill::task<void> {
    const market_closed m;
    co_await swill::ask<void>(prices, 1s, m);
  });
  swill::test_server server{app};
  swill::test_client client{server}, other{server};

  const auto gone = other.open("watch");
  // [test_watch]
  const auto seq = client.open("watch");
  client.call("tell", 250);

  EXPECT_EQ(client.expect<std::int64_t>(seq), 250);
  // [/test_watch]
  other.cancel(gone);
  client.call("tell", 251);
  client.call("close");

  EXPECT_EQ(client.expect<std::int64_t>(seq), 251);
  EXPECT_EQ(client.receive(seq)->type, swill::wire::response_type::end_of_stream);
}

TEST(ActorsPage, HandlesOfRequestsAndConnections) {
  swill::app app;
  swill::request_id id;
  std::string connection;
  app.handle("work", [&](swill::request<> r) -> swill::task<void> {
    id = r.context().id();
    connection = r.context().connection().id();
    co_await swill::sleep_for(1h);
  });
  swill::test_server server{app};
  swill::test_client client{server};
  const auto seq = client.open("work", swill::nothing{});
  // [cancel]
  if (auto request = server.find_request(id)) // of a swill::server as well
    caf::anon_send(request, swill::cancel_atom::value, "The administrator has ended it");
  // [/cancel]
  EXPECT_EQ(client.receive(seq)->failure->message, "The administrator has ended it");
  // [close]
  if (auto c = server.find_connection(connection)) caf::anon_send(c, swill::close_atom::value, 4000, "bye");
  // [/close]
  EXPECT_EQ(client.close_code(), 4000);
}

// [lobby]
struct lobby_state {
  std::map<caf::actor_addr, std::string> guests;
  std::vector<std::string> log;
};

caf::behavior lobby(caf::stateful_actor<lobby_state>* self) {
  self->set_down_handler([self](const caf::down_msg& down) {
    const auto why = swill::close_reason_of(down.reason); // nothing: somebody has ended its actor
    self->state.log.push_back(self->state.guests[down.source] + (why && why->by_peer ? " has left" : " is out"));
    self->state.guests.erase(down.source);
  });
  return {[self](const swill::connection_handle& guest, const std::string& name) {
            self->monitor(guest);
            self->state.guests[guest.address()] = name;
          },
          [self](swill::describe_atom) { return self->state.log; }};
}
// [/lobby]

TEST(ActorsPage, MessagesToConnections) {
  swill::app app;
  auto hall = app.spawn("lobby", lobby);
  // [ban]
  app.on_message<ban>([](swill::connection& c, const ban& b) {
    c.set_user("");
    c.close(4003, b.why);
  });
  // [/ban]
  std::string id; // of who has entered last
  app.handle("enter", [hall, &id](swill::request<std::string> r) -> swill::task<void> {
    const auto me = r.context().connection().actor();
    id = r.context().connection().id();
    co_await swill::ask<void>(hall, 1s, me, r.data());
  });
  app.handle("log", [hall](swill::request<>) -> swill::task<std::vector<std::string>> {
    const swill::describe_atom what;
    co_return co_await swill::ask<std::vector<std::string>>(hall, 1s, what);
  });
  swill::test_server server{app};
  swill::test_client ann{server}, bob{server}, eve{server};
  ann.call("enter", std::string{"ann"});
  bob.call("enter", std::string{"bob"});
  // [send]
  caf::anon_send(server.find_connection<ban>(id), ban{"spam"});
  // [/send]
  EXPECT_EQ(bob.close_code(), 4003);
  ann.pipe().close(1000);

  EXPECT_EQ(eve.call<std::vector<std::string>>("log"), (std::vector<std::string>{"bob is out", "ann has left"}));
}

// [census]
struct census_state {
  std::map<std::string, int> open; // connections by user
};

caf::behavior census(caf::stateful_actor<census_state>* self) {
  return {[self](const swill::hooks::after_accept& m) -> caf::result<void> {
            if (m.connection.user.empty()) return caf::unit; // nobody knows who that is: it is not one user
            if (++self->state.open[m.connection.user] > 2) return swill::to_caf(swill::error{4008, "too many windows"});
            return caf::unit;
          },
          [self](const swill::hooks::after_connection& m) {
            if (m.connection.user.empty()) return;
            if (--self->state.open[m.connection.user] == 0) self->state.open.erase(m.connection.user);
          }};
}
// [/census]

TEST(ActorsPage, HooksAsMessages) {
  swill::app app;
  app.before_accept([](swill::connection& c) { c.set_user(c.argument("user").value_or("")); });
  // [lifecycle]
  using namespace swill::hooks;
  app.lifecycle<after_accept, after_connection>(app.spawn("census", census),
                                                {.timeout = 2s, .on_timeout = swill::hook_outcome::refuse});
  // [/lifecycle]
  app.handle("hello", [](swill::request<>) { return 1; });
  swill::test_server server{app};
  const auto from = [](const char* user) {
    return swill::test_client::with_headers({}, std::string{"/ws?user="} + user);
  };
  swill::test_client one{server, from("ann")}, two{server, from("ann")}, bob{server, from("bob")};
  EXPECT_EQ(one.call<int>("hello"), 1);
  EXPECT_EQ(two.call<int>("hello"), 1);
  EXPECT_EQ(bob.call<int>("hello"), 1);
  swill::test_client three{server, from("ann")};
  EXPECT_EQ(three.close_code(), 4008);
  one.pipe().close(1000);
  swill::test_client four{server, from("ann")};
  EXPECT_EQ(four.call<int>("hello"), 1);
}

} // namespace
