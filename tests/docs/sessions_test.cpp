// The code of docs/sessions.md, compiled and run. tests/docs/snippets.py holds the page against what stands between `// [name]` and
// `// [/name]` here: change it here, then run `tests/docs/snippets.py --write`.
#include "libswill/server/test_client.hpp"
#include "libswill/swill.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "sessions/redis/redis_store.hpp"
#include "sessions/sessions.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

// [values]
struct cart {
  std::vector<std::string> skus;
};

template <class D>
void describe(D& d, cart& c) {
  d.field("skus", c.skus);
}

swill::task<std::size_t> add_to_cart(swill::request<std::string> r) {
  swill::session& s = co_await r.context().session();
  cart mine = s.get<cart>("cart").value_or(cart{});
  mine.skus.push_back(r.data());
  s.set("cart", mine);
  co_return mine.skus.size(); // the session is saved, then this leaves
}
// [/values]

// [app]
swill::app make_app() {
  swill::session_options options;
  options.idle = 20min;

  swill::app app;
  app.use(std::make_shared<swill::sessions>(options));
  app.handle("cart.add", add_to_cart);
  return app;
}
// [/app]

TEST(SessionsPage, KeepsACart) {
  swill::app app = make_app();
  app.set_log({});
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<std::size_t>("cart.add", std::string{"ABC123"}), 1U);
  EXPECT_EQ(client.call<std::size_t>("cart.add", std::string{"XYZ000"}), 2U);
}

// [redis]
void use_redis(swill::app& app, const char* address) { // such as "redis://swill:secret@10.0.0.5/0"
  const auto redis = swill::redis::place::at(address, "shop:");
  app.use(std::make_shared<swill::sessions>(swill::session_options{}, swill::redis_sessions(redis)));
  const auto broker = std::make_shared<swill::redis_broker>(redis);
  const auto bus = app.use(std::make_shared<swill::pubsub>(swill::pubsub_options{}, broker));
  bus->allow_subscribe("news.*");
}
// [/redis]

TEST(SessionsPage, TakesAnAddress) {
  swill::app app;
  use_redis(app, "redis://swill:secret@10.0.0.5/0");
  EXPECT_NO_THROW(app.validate());
  EXPECT_THROW(use_redis(app, "http://"), std::invalid_argument);
}

bool is_password_of(const std::string& user, const std::string& password) { return password == user + "'s"; }

// [login]
using credentials = std::pair<std::string, std::string>;

swill::task<std::string> log_in(swill::request<credentials> r) {
  const auto [user, password] = r.data();
  if (!is_password_of(user, password)) throw swill::error{swill::error_code::unauthorized, "no"};
  swill::session& s = co_await r.context().session();
  co_return co_await s.login(user); // the new token: the client shows it next time
}

swill::task<void> log_out(swill::request<> r) {
  swill::session& s = co_await r.context().session();
  co_await s.destroy();
}
// [/login]

// [update]
swill::task<int> book_seat(swill::request<> r) {
  swill::session& s = co_await r.context().session();
  const auto book = [](swill::session& fresh) { // may run several times, each time on fresh data
    fresh.set("seats", fresh.get<int>("seats").value_or(0) + 1);
  };
  co_await s.update(book);
  co_return s.get<int>("seats").value_or(0);
}
// [/update]

// [everywhere]
void add_account_handlers(swill::app& app, const std::shared_ptr<swill::sessions>& all) {
  app.handle("account.devices", [all](swill::request<> r) -> swill::task<std::size_t> {
    const auto mine = co_await all->of_user(r.context().connection().user());
    co_return mine.size();
  });
  app.handle("account.log_out_everywhere", [all](swill::request<> r) -> swill::task<std::size_t> {
    co_return co_await all->destroy_user(r.context().connection().user());
  });
}
// [/everywhere]

TEST(SessionsPage, LogsInAndOut) {
  const auto all = std::make_shared<swill::sessions>();
  swill::app app;
  app.set_log({});

  app.use(all);
  app.handle("log_in", log_in);
  app.handle("log_out", log_out);
  app.handle("book", book_seat);
  add_account_handlers(app, all);
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_THROW(client.call("log_in", credentials{"ann", "?"}), swill::error);
  EXPECT_EQ(client.call<int>("book"), 1);
  const auto token = client.call<std::string>("log_in", credentials{"ann", "ann's"});
  EXPECT_EQ(client.call<int>("book"), 2);
  EXPECT_EQ(client.call<std::size_t>("account.devices"), 1U);

  swill::handshake_request shown = swill::memory_pipe::plain_request();
  shown.headers.emplace_back("Authorization", "Bearer " + token);
  swill::test_client again{server, shown};
  EXPECT_EQ(again.call<int>("book"), 3);
  again.call("log_out");
  EXPECT_EQ(client.call<int>("book"), 1);
  EXPECT_EQ(client.call<std::size_t>("account.log_out_everywhere"), 0U);
}

} // namespace
