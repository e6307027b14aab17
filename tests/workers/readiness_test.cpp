#include "actors/workers/remote_handlers.hpp"

#include "tests/support/raw_client.hpp"
#include "tests/workers/worker_process.hpp"
#include "tests/workers/world.hpp"

#include <unistd.h>

// Whether a gateway is ready, and whether a worker is well, for those who look after them.

namespace swill {
namespace {

using namespace worker_tests;

void serve_one(app& a) {
  a.handle("one", [](request<>) { return 1; });
}

int readiness(const gateway_world& g) {
  test::raw_client c{"127.0.0.1:" + std::to_string(g.host->port())};
  c.send("GET /ready HTTP/1.0\r\n\r\n");
  return c.read_response().status;
}

error failure_of(blocking_client& c, const std::string& name) {
  const auto r = c.try_call<int>(name);
  return r ? error{0, ""} : r.error();
}

TEST(Readiness, AwaitsTheFirstWorker) {
  gateway_world g{{.first_workers = 1h}};
  blocking_client c{g.url()};
  EXPECT_EQ(readiness(g), 503);
  const error before = failure_of(c, "one");
  EXPECT_EQ(before.code, 503);
  EXPECT_EQ(*before.data.find("retryable"), value{true});

  worker_world w{serve_one, {.gateways = {g.worker_address()}}};

  EXPECT_TRUE(eventually([&] { return readiness(g) == 200; }));
  EXPECT_EQ(c.call<int>("one"), 1);
  EXPECT_EQ(failure_of(c, "other").code, 503); // another worker may bring it
}

TEST(Readiness, DoesNotWaitForEver) {
  gateway_world g{{.first_workers = 50ms}};
  blocking_client c{g.url()};
  EXPECT_TRUE(eventually([&] { return readiness(g) == 200; }));
  EXPECT_TRUE(eventually([&] { return failure_of(c, "one").code == 404; }));
}

TEST(Readiness, OfAGatewayThatAwaitsNobodyIsThereAtOnce) {
  gateway_world g;
  blocking_client c{g.url()};
  EXPECT_EQ(readiness(g), 200);
  EXPECT_EQ(failure_of(c, "one").code, 404);
}

TEST(WorkerHealth, IsThatOfItsLinksWhateverItServes) {
  const std::string name = "swill-test-" + std::to_string(::getpid());
  EXPECT_FALSE(ask_worker(name).is_serving);
  auto g = std::make_unique<gateway_world>();
  const std::string address = g->worker_address();
  {
    worker_world w{serve_one, {.gateways = {address}, .health_name = name}};
    EXPECT_TRUE(eventually([&] { return ask_worker(name).is_serving; })) << ask_worker(name).text;
    EXPECT_EQ(ask_worker(name).text, "ok: it serves 1 of 1 gateways\n");

    worker_world other{serve_one, {.gateways = {address}, .health_name = name}}; // serves, and is not asked
    EXPECT_TRUE(other.log.wait_for("this worker cannot be asked how it is"));

    g.reset();
    EXPECT_TRUE(eventually([&] { return !ask_worker(name).is_serving; }));
    EXPECT_EQ(ask_worker(name).text, "no: it serves 0 of 1 gateways\n");
    g = std::make_unique<gateway_world>(gateway_options{.listen = address});
    EXPECT_TRUE(eventually([&] { return ask_worker(name).is_serving; })) << ask_worker(name).text;
  }
  const worker_health gone = ask_worker(name);
  EXPECT_FALSE(gone.is_serving);
  EXPECT_NE(gone.text.find("no worker answers"), std::string::npos) << gone.text;
}

} // namespace
} // namespace swill
