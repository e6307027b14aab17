#include "actors/workers/remote_handlers.hpp"

#include "actors/handle_actor.hpp"
#include "tests/workers/worker_process.hpp"
#include "tests/workers/world.hpp"

#include <map>
#include <optional>

// What a link carries, and what it keeps back; several gateways, and names that have gone.

namespace swill {
namespace {

using namespace worker_tests;

std::int64_t code_of(blocking_client& c, const std::string& name) {
  const auto r = c.try_call<value>(name);
  return r ? 0 : r.error().code;
}

TEST(WorkerLinks, OneWorkerServesTwoGateways) {
  auto one = std::make_unique<gateway_world>();
  gateway_world two;
  worker_process w{one->worker_address() + "," + two.worker_address(), "shared"};
  auto by_one = std::make_unique<blocking_client>(one->url());
  blocking_client by_two{two.url()};
  ASSERT_TRUE(answers(*by_one, "shared")) << one->log.text();
  ASSERT_TRUE(answers(by_two, "shared")) << two.log.text();

  auto waits = by_two.stream<int>("forever");
  EXPECT_EQ(waits.next(), 0);
  by_one.reset();
  one.reset(); // the other's calls go on

  EXPECT_EQ(by_two.call<int>("short_nap", 10), 7);
  EXPECT_EQ(by_two.call<std::string>("who"), "shared");
}

TEST(WorkerLinks, UsersAreToldInBothDirections) {
  gateway_world g{{}, 2, [](app& a) {
                    a.handle("gateway.user", [](request<> r) { return r.context().connection().user(); });
                    a.handle("gateway.login",
                             [](request<std::string> r) { r.context().connection().set_user(r.data()); });
                  }};
  worker_world w{[](app& a) {
                   a.handle("user", [](request<> r) { return r.context().connection().user(); });
                   a.handle("login", [](request<std::string> r) { r.context().connection().set_user(r.data()); });
                 },
                 {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()}, other{g.url()};
  ASSERT_TRUE(serves(c, "login"));
  EXPECT_EQ(c.call<std::string>("user"), "");

  c.call<void>("login", std::string{"ann"});
  EXPECT_EQ(c.call<std::string>("gateway.user"), "ann");
  EXPECT_EQ(c.call<std::string>("user"), "ann");

  c.call<void>("gateway.login", std::string{"bob"});
  EXPECT_EQ(c.call<std::string>("user"), "bob");

  c.call<void>("login", std::string{});
  EXPECT_EQ(c.call<std::string>("gateway.user"), "");
  EXPECT_EQ(other.call<std::string>("gateway.user"), "");
}

TEST(WorkerLinks, ServesActors) {
  caf::actor_system_config config;
  caf::actor_system system{config.set("scheduler.max-threads", std::uint64_t{1})};
  const auto doubler = system.spawn([]() -> caf::behavior { return {[](int n) { return 2 * n; }}; });
  const auto silent = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { return self->make_response_promise(); }};
  });
  gateway_world g;
  std::optional<worker_world> w;
  w.emplace(
      [&](app& a) {
        a.handle_actor<int, int>("double", doubler, actor_options{});
        a.handle_actor<int, int>("silent", silent, actor_options{.timeout = 50ms});
      },
      worker_options{.gateways = {g.worker_address()}});
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "silent")) << g.log.text() << w->log.text();

  EXPECT_EQ(c.call<int>("double", 21), 42);
  EXPECT_EQ(c.try_call<int>("double", std::string{"text"}).error().code, 422);
  EXPECT_EQ(c.try_call<int>("silent", 1).error().code, 408);

  caf::anon_send_exit(doubler, caf::exit_reason::kill);
  EXPECT_TRUE(eventually([&] {
    const auto r = c.try_call<int>("double", 1);
    return !r && r.error().code == 503;
  }));
  caf::anon_send_exit(silent, caf::exit_reason::kill);
}

TEST(WorkerLinks, HiddenHeadersStayInTheGateway) {
  gateway_world g{{.hidden_headers = {"authorization", "X-Internal"}}};
  const auto serve = [](app& a) {
    a.handle("headers", [](request<> r) {
      std::map<std::string, std::string> out;
      for (const char* name : {"Authorization", "X-Internal", "X-Shown"})
        if (const auto text = r.context().connection().header(name)) out.emplace(name, *text);
      return out;
    });
  };
  worker_world w{serve, {.gateways = {g.worker_address()}}};
  client_options options;
  options.headers = {{"Authorization", "Bearer abc"}, {"x-internal", "1"}, {"X-Shown", "yes"}};
  blocking_client c{g.url(), options};
  ASSERT_TRUE(serves(c, "headers"));

  EXPECT_EQ((c.call<std::map<std::string, std::string>>("headers")),
            (std::map<std::string, std::string>{{"X-Shown", "yes"}}));
}

TEST(WorkerLinks, AGatewayThatStopsIsNoWarningOfItsWorkers) {
  auto g = std::make_unique<gateway_world>();
  worker_world w{[](app& a) { a.handle("hello", [](request<>) { return 1; }); },
                 worker_options{.gateways = {g->worker_address()}, .name = "calm"}};
  ASSERT_TRUE(g->log.wait_for("worker calm serves"));

  g.reset();

  ASSERT_TRUE(w.log.wait_for("has ended: the gateway stops")) << w.log.text();
  EXPECT_EQ(w.log.text().find("warning: link"), std::string::npos) << w.log.text();
}

TEST(WorkerLinks, NamesWhoseWorkersHaveGoneAreForgottenInTheEnd) {
  gateway_world g{{.remember = 3s}};
  auto w = std::make_unique<worker_process>(g.worker_address(), "one");
  blocking_client c{g.url()};
  ASSERT_TRUE(answers(c, "one"));

  w->send(SIGKILL);
  ASSERT_TRUE(g.log.wait_for("worker one is out"));

  EXPECT_TRUE(eventually([&] { return code_of(c, "who") == 503; }, 2s));
  EXPECT_TRUE(eventually([&] { return code_of(c, "who") == 404; }));
}

TEST(WorkerLinks, KeepsImagesOfAsManyConnectionsAsItMay) {
  gateway_world g;
  const auto serve = [](app& a) { a.handle("hello", [](request<>) { return 1; }); };
  worker_world w{serve, {.gateways = {g.worker_address()}, .connections = 2}};
  blocking_client watching{g.url()};
  ASSERT_TRUE(serves(watching, "hello")); // which no worker is asked for

  blocking_client one{g.url()};
  auto two = std::make_unique<blocking_client>(g.url());
  blocking_client three{g.url()};
  EXPECT_EQ(one.call<int>("hello"), 1);
  EXPECT_EQ(two->call<int>("hello"), 1); // at the limit
  EXPECT_EQ(code_of(three, "hello"), 429);
  EXPECT_EQ(one.call<int>("hello"), 1);
  EXPECT_EQ(two->call<int>("hello"), 1);

  two.reset(); // makes room
  EXPECT_TRUE(eventually([&] { return code_of(three, "hello") == 0; }));
}

TEST(WorkerLinks, FurtherConnectionsGoToAnotherWorker) {
  gateway_world g;
  const auto serve = [](std::string name) {
    return [name](app& a) { a.handle("who", [name](request<>) { return name; }); };
  };
  worker_world small{serve("small"), {.gateways = {g.worker_address()}, .name = "small", .connections = 1}};
  blocking_client one{g.url()};
  ASSERT_TRUE(answers(one, "small"));
  worker_world large{serve("large"), {.gateways = {g.worker_address()}, .name = "large"}};
  ASSERT_TRUE(g.log.wait_for("worker large serves"));

  blocking_client two{g.url()};
  ASSERT_TRUE(answers(two, "large"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(two.call<std::string>("who"), "large");
}

} // namespace
} // namespace swill
