// The code of docs/workers.md, compiled and run. See handlers_test.cpp.
#include "actors/ask.hpp"
#include "actors/handles.hpp"
#include "actors/workers/remote_handlers.hpp"
#include "actors/workers/worker.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "libswill/swill.hpp"
#include "pubsub/pubsub.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;

swill::blueprint make_shop() {
  swill::blueprint shop{"shop"};
  shop.handle("price", [](swill::request<int> quantity) { return 2.5 * quantity.data(); });
  return shop;
}

// [worker]
swill::app make_worker(std::string gateway, std::string secret) {
  swill::app a;
  a.mount(make_shop());
  a.use(std::make_shared<swill::worker>(swill::worker_options{.gateways = {gateway}, .secret = secret}));
  return a;
}

std::unique_ptr<swill::server> start_worker(swill::app& a) {
  auto s = std::make_unique<swill::server>(a, swill::server_options{.listen = {}}); // gateways alone are its clients
  s->start();
  return s;
}
// [/worker]

TEST(WorkersPage, ServesAShop) {
  const std::string address = "127.0.0.1:0", secret = "a secret of some length";
  // [gateway]
  swill::app a;
  auto workers = std::make_shared<swill::remote_handlers>(swill::gateway_options{.listen = address, .secret = secret});
  a.use(workers);
  // [/gateway]
  a.set_log({});
  swill::server gateway{a, {.listen = {"127.0.0.1:0"}}};
  gateway.start();
  swill::app b = make_worker("127.0.0.1:" + std::to_string(workers->port()), secret);
  b.set_log({});
  const auto worker = start_worker(b);

  swill::blocking_client client{"ws://127.0.0.1:" + std::to_string(gateway.port()) + "/ws"};
  auto answer = client.try_call<double>("shop.price", 4);
  for (int i = 0; i < 5000 && !answer; ++i) { // until it has joined
    std::this_thread::sleep_for(2ms);
    answer = client.try_call<double>("shop.price", 4);
  }

  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, 10.0);
}

TEST(WorkersPage, PushesToTheInboxAtTheGateway) {
  const std::string secret = "a secret of some length";
  swill::app a;
  auto workers = std::make_shared<swill::remote_handlers>(swill::gateway_options{.secret = secret});
  a.use(workers);
  a.use(std::make_shared<swill::pubsub>());
  a.set_log({});
  swill::server gateway{a, {.listen = {"127.0.0.1:0"}}};
  gateway.start();
  swill::app b = make_worker("127.0.0.1:" + std::to_string(workers->port()), secret);
  b.set_log({});
  // [push]
  b.handle("greet", [](swill::request<std::string> name) -> swill::task<bool> {
    const swill::connection_handle me = name.context().connection().actor();
    const swill::push greeting{"greeting", "hello, " + name.data()};
    co_return co_await swill::ask<bool>(me, 1s, greeting);
  });
  // [/push]
  const auto worker = start_worker(b);

  swill::blocking_client client{"ws://127.0.0.1:" + std::to_string(gateway.port()) + "/ws"};
  auto answer = client.try_call<bool>("greet", "ann");
  for (int i = 0; i < 5000 && !answer; ++i) { // until it has joined
    std::this_thread::sleep_for(2ms);
    answer = client.try_call<bool>("greet", "ann");
  }
  EXPECT_EQ(answer.value(), false); // no inbox is open yet
  auto inbox = client.stream<swill::value>("swill.inbox", swill::nothing{});
  for (int i = 0; i < 5000 && inbox.leading().empty(); ++i) std::this_thread::sleep_for(2ms);

  EXPECT_TRUE(client.call<bool>("greet", "ann"));
  EXPECT_EQ(*inbox.next().value().find("data"), swill::value::map({{"name", "greeting"}, {"value", "hello, ann"}}));
}

} // namespace
