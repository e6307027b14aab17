#include "apps/bench/serve.hpp"

#include "apps/bench/serve_actors.hpp"

#include "actors/workers/remote_handlers.hpp"
#include "actors/workers/worker.hpp"
#include "apps/bench/mailbox.hpp"
#include "libswill/api/app.hpp"
#include "libswill/base/await.hpp"
#include "libswill/base/log.hpp"
#include "libswill/server/server.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "sessions/redis/redis_store.hpp"
#include "sessions/sessions.hpp"
#include "tests/support/child_process.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace swill::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* secret = "nobody else is on this machine";

app make_app() {
  app a;
  a.set_log(stderr_log(log_level::warning)); // a line for each connection would be measured too
  return a;
}

using integers = std::pair<std::int64_t, std::int64_t>;

std::int64_t add(request<integers> r) { return r.data().first + r.data().second; }

/// `add` in other ways. Their names are short, since names take time, too.
void add_ways(app& a) {
  static std::uint64_t served = 0; // of all ways; with one I/O thread
  blueprint hooked{"h"};
  hooked.before_request([](context& c) {
    if (c.is_cancelled()) throw error{error_code::forbidden, "no"};
  });
  hooked.after_request([](context&, const swill::outcome& o) { served += o.items_out; });
  hooked.handle("add", add);
  a.mount(std::move(hooked));
  blueprint awaiting{"w"};
  awaiting.before_request([](context&) -> task<void> {
    ++served;
    co_return;
  });
  awaiting.handle("add", add);
  a.mount(std::move(awaiting));
  a.handle("t.add", [](request<integers> r) -> task<std::int64_t> { co_return r.data().first + r.data().second; });
}

app make_bench_app() {
  auto app = make_app();
  app.handle("add", add);
  add_ways(app);
  app.handle("sum", [](request<std::vector<std::int64_t>> r) {
    return std::accumulate(r.data().begin(), r.data().end(), std::int64_t{0});
  });
  app.handle("burst", [](request<std::int64_t> r) -> stream<std::int64_t> {
    for (std::int64_t i = 0; i < r.data(); ++i) co_yield i;
  });
  app.handle("sum_stream", [](streaming_request<std::int64_t> items) -> task<std::int64_t> {
    std::int64_t sum = 0;
    while (const auto item = co_await items.next()) sum += *item;
    co_return sum;
  });
  app.handle("sleep0", [](request<std::int64_t> r) -> task<std::int64_t> {
    co_await sleep_for(0ms);
    co_return r.data();
  });
  add_receive(app);
  app.handle("sleep", [](request<std::int64_t> r) -> task<std::int64_t> {
    co_await sleep_for(std::chrono::milliseconds(r.data()));
    co_return r.data();
  });
  return app;
}

redis::options at(std::uint16_t port) {
  redis::options o;
  o.port = port;
  return o;
}

std::shared_ptr<pubsub> make_bus(std::uint16_t redis_port) {
  pubsub_options o;
  o.new_topics = 0; // a few clients make very many
  std::shared_ptr<broker> b;
  if (redis_port != 0) {
    b = std::make_shared<redis_broker>(redis_broker_options{at(redis_port)});
  } else { // topics are made and forgotten: the scenario waits for the second
    o.topic("churn.*", {.history_length = 1, .history_age = 1s, .forget_after = 1s});
  }
  auto bus = std::make_shared<pubsub>(std::move(o), std::move(b));
  bus->allow_subscribe("**");
  bus->allow_publish("**");
  return bus;
}

std::shared_ptr<sessions> make_sessions(std::uint16_t redis_port) {
  redis_session_options o;
  o.server = at(redis_port);
  return std::make_shared<sessions>(session_options{}, redis_port == 0 ? memory_sessions() : redis_sessions(o));
}

/// Listens at `where`, which may be nothing.
int serve(app& a, std::vector<listener> where, const serve_options& o,
          const std::function<void(server&)>& started = {}) {
  server_options options;
  options.listen = std::move(where);
  options.io_threads = o.io_threads;
  server(a, options).run(started);
  return 0;
}

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string loopback(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

} // namespace

int serve_swill(const serve_options& o) {
  auto app = make_bench_app();
  app.use(make_bus(o.redis));
  app.use(make_sessions(o.redis));
  app.handle("visit", [](request<std::int64_t> r) -> task<std::int64_t> {
    session& s = co_await r.context().session();
    s.set("visits", s.get<std::int64_t>("visits").value_or(0) + 1);
    co_return r.data();
  });
  add_actors(app);
  listener where{loopback(o.port)};
  if (!o.tls.certificate.empty()) where.tls = tls_server_options{.identities = {o.tls}};
  return serve(app, {where}, o);
}

int serve_remote(const serve_options& o) {
  auto app = make_app();
  gateway_options gate;
  gate.secret = secret;
  const auto handlers = std::make_shared<remote_handlers>(gate);
  app.use(handlers);
  std::optional<test::child_process> worker;
  return serve(app, {loopback(o.port)}, o, [&](server&) {
    worker.emplace(std::vector<std::string>{own_path(), "serve-worker", "--gateway", loopback(handlers->port()),
                                            "--io-threads", std::to_string(o.io_threads)});
  });
}

int serve_worker(const serve_options& o) {
  auto app = make_bench_app();
  worker_options link;
  link.gateways = {o.gateway};
  link.secret = secret;
  app.use(std::make_shared<worker>(link));
  return serve(app, {}, o);
}

} // namespace swill::bench
