// The program of README.md, compiled, and its handlers run. commands.py builds and runs it as README.md says. See handlers_test.cpp.
#define main() readme_main() // NOLINT(readability-identifier-naming)

// [program]
#include "libswill/swill.hpp"

#include <chrono>
#include <string>

struct order {
  std::string sku;
  int quantity = 1;
};

template <class D>
void describe(D& d, order& o) {
  d.field("sku", o.sku, swill::pattern{"^[A-Z]{3}[0-9]{3}$"}, swill::doc{"stock keeping unit"});
  d.field("quantity", o.quantity, swill::range{1, 100}, swill::defaulted{});
}

swill::blueprint make_shop() {
  swill::blueprint shop{"shop"};

  shop.handle("price", [](swill::request<order> r) { return 2.5 * r.data().quantity; });

  shop.handle("watch", [](swill::request<std::string> sku) -> swill::stream<order> {
    for (order o{sku.data(), 1};; ++o.quantity) {
      co_yield o;                                         // waits while the client reads too slowly
      co_await swill::sleep_for(std::chrono::seconds{1}); // a CANCEL ends it here
    }
  });

  return shop;
}

int main() {
  swill::app app;
  app.mount(make_shop());
  // Until SIGINT or SIGTERM. Says where it listens, or why it cannot.
  return swill::serve(app, {.listen = {"127.0.0.1:8080"}});
}
// [/program]

#undef main

#include "libswill/server/test_client.hpp"

#include <gtest/gtest.h>

TEST(Readme, ServesAShop) {
  swill::app app;
  app.mount(make_shop());
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<double>("shop.price", order{"ABC123", 4}), 10.0);
  EXPECT_THROW(client.call<double>("shop.price", order{"abc", 4}), swill::error);
  const auto watch = client.open("shop.watch", std::string{"ABC123"});
  server.advance(std::chrono::seconds{1});
  EXPECT_EQ(client.receive(watch)->as<order>().quantity, 1);
  EXPECT_EQ(client.receive(watch)->as<order>().quantity, 2);
  client.cancel(watch);
  EXPECT_NE(&readme_main, nullptr);
}
