#include "actors/connections/connections.hpp"
#include "libswill/server/test_client.hpp"
#include "pubsub/pubsub.hpp"

#include <gmock/gmock.h>

// The code of docs/connections.md.

namespace swill::test {
namespace {

// [arrivals]
swill::stream<std::string> arrivals(std::shared_ptr<swill::connections> all, swill::request<>) {
  auto feed = co_await all->watch();
  while (auto e = co_await feed.next()) {
    if (e->event == swill::connection_event_kind::connected) co_yield e->remote_address;
  }
}
// [/arrivals]

// [list]
swill::task<std::size_t> connections_of(std::shared_ptr<swill::connections> all, std::string user) {
  swill::connection_query q;
  q.filter.user = user;
  const swill::connection_page page = co_await all->list(q);
  co_return page.connections.size();
}
// [/list]

TEST(ConnectionsPage, IsTrue) {
  swill::app app;
  const pubsub_options options;
  const std::shared_ptr<broker> broker;
  // [use]
  auto bus = std::make_shared<swill::pubsub>(options, broker); // docs/pubsub.md; in memory or in Redis
  auto all = std::make_shared<swill::connections>(bus);
  all->allow_admin([](swill::context& c) { return c.connection().user() == "root"; });
  app.use(bus);
  app.use(all); // in this order
  // [/use]
  app.handle("login", [](request<std::string> r) { r.context().connection().set_user(r.data()); });
  app.handle("arrivals", [all](request<> r) { return arrivals(all, std::move(r)); });
  app.handle("how_many", [all](request<std::string> r) { return connections_of(all, r.data()); });
  test_server server{app};
  test_client root{server};
  const auto seq = root.open("arrivals", nothing{});
  server.run();

  test_client ann{server};
  ann.call<>("login", std::string{"ann"});
  root.call<>("login", std::string{"root"});

  EXPECT_EQ(root.receive(seq)->as<std::string>(), "127.0.0.1");
  EXPECT_EQ(root.call<std::size_t>("how_many", std::string{"ann"}), 1U);
  EXPECT_EQ(*root.call<value>("swill.connections.count", value::map({})).find("count"), value{2});
  EXPECT_THROW(ann.call<value>("swill.connections.count", value::map({})), error);
}

} // namespace
} // namespace swill::test
