#include "actors/workers/worker.hpp"

#include "tests/workers/certificates.hpp"
#include "tests/workers/world.hpp"

#include <optional>

// Links over TLS, with certificates of authorities that are made here.

namespace swill::worker_tests {
namespace {

void serve_add(app& a) {
  a.handle("add", [](request<std::pair<int, int>> r) { return r.data().first + r.data().second; });
  a.handle("count", [](request<int> r) -> stream<int> {
    for (int i = 0; i < r.data(); ++i) co_yield i;
  });
}

bool is_served(const gateway_world& g, const std::string& name) {
  blocking_client c{g.url()};
  for (const value& record : c.stream<value>("swill.introspect")) {
    if (*record.find("name") == value{name}) return true;
  }
  return false;
}

TEST(LinkTls, ServesCalls) {
  const certificate_authority ours{"ours"};
  gateway_world g{{.tls = ours.issue("gateway")}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}, .tls = ours.issue("worker")}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "count")) << g.log.text() << w.log.text();

  EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
  int next = 0;
  for (const int i : c.stream<int>("count", 20000)) ASSERT_EQ(i, next++);
  EXPECT_EQ(next, 20000);
}

TEST(LinkTls, WorkerFindsARestartedGateway) {
  const certificate_authority ours{"ours"};
  const link_tls files = ours.issue("gateway");
  std::optional<gateway_world> g{std::in_place, gateway_options{.tls = files}};
  const std::string address = g->worker_address();
  worker_world w{serve_add, {.gateways = {address}, .tls = ours.issue("worker")}};
  const auto adds = [&] {
    blocking_client c{g->url()};
    return serves(c, "add") && c.call<int>("add", std::pair{2, 3}) == 5;
  };
  ASSERT_TRUE(adds()) << g->log.text() << w.log.text();

  for (int i = 0; i < 3; ++i) {
    g.reset();
    g.emplace(gateway_options{.listen = address, .tls = files});
    ASSERT_TRUE(adds()) << g->log.text() << w.log.text();
  }
}

TEST(LinkTls, KeepsOutWhoSpeaksNoTls) {
  const certificate_authority ours{"ours"};
  gateway_world g{{.tls = ours.issue("gateway")}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}, .secret = secret}};

  EXPECT_TRUE(w.log.wait_for("cannot be reached")) << w.log.text();
  EXPECT_FALSE(is_served(g, "add"));
}

TEST(LinkTls, KeepsOutCertificatesOfAnotherAuthority) {
  const certificate_authority ours{"ours"}, theirs{"theirs"};
  gateway_world g{{.tls = ours.issue("gateway")}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}, .tls = theirs.issue("worker", ours)}};

  EXPECT_TRUE(w.log.wait_for("cannot be reached")) << w.log.text();
  EXPECT_TRUE(g.log.wait_for("a worker was kept out by TLS: unknown CA")) << g.log.text();
  EXPECT_FALSE(is_served(g, "add"));

  // And is in nobody's way, however often it knocks.
  worker_world right{serve_add, {.gateways = {g.worker_address()}, .tls = ours.issue("right")}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text() << right.log.text();
  const auto knocks = [&] {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = w.log.text().find("cannot be reached", at)) != std::string::npos; ++at) ++n;
    return n;
  };
  const std::size_t before = knocks();
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
    return knocks() >= before + 10;
  }));
  EXPECT_EQ(right.log.text().find("has ended"), std::string::npos) << right.log.text() << g.log.text();
}

TEST(LinkTls, WorkersRefuseGatewaysOfAnotherAuthority) {
  const certificate_authority ours{"ours"}, theirs{"theirs"};
  gateway_world g{{.tls = theirs.issue("gateway", ours)}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}, .tls = ours.issue("worker")}};

  EXPECT_TRUE(w.log.wait_for("cannot be reached")) << w.log.text();
  EXPECT_FALSE(is_served(g, "add"));
}

TEST(LinkTls, WrongSecretIsRefusedBehindARightCertificate) {
  const certificate_authority ours{"ours"};
  gateway_world g{{.secret = secret, .tls = ours.issue("gateway")}};
  worker_world w{serve_add,
                 {.gateways = {g.worker_address()}, .secret = "quite another secret", .tls = ours.issue("worker")}};

  EXPECT_TRUE(g.log.wait_for("it does not know the secret")) << g.log.text();
  EXPECT_TRUE(w.log.wait_for("refused: it does not know the secret")) << w.log.text();
  EXPECT_FALSE(is_served(g, "add"));
}

TEST(LinkTls, SaysWhatIsWrongWithItsFiles) {
  const certificate_authority ours{"ours"};
  link_tls files = ours.issue("gateway");
  files.key = ours.issue("other").key;
  EXPECT_THROW(gateway_world{{.tls = files}}, std::exception);
  files.key = "/nonexistent";
  EXPECT_THROW(gateway_world{{.tls = files}}, std::exception);
  files.key.clear();
  EXPECT_THROW(gateway_world{{.tls = files}}, std::exception);
}

} // namespace
} // namespace swill::worker_tests
