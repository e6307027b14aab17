#include "apps/bench/serve_swill.hpp"

#include "apps/bench/bench_app.hpp"
#include "libswill/server/server.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "sessions/redis/redis_store.hpp"
#include "sessions/sessions.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace swill::bench {
namespace {

using namespace std::chrono_literals;

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
  server_options options;
  options.listen = {"127.0.0.1:" + std::to_string(o.port)};
  options.io_threads = o.io_threads;
  server(app, options).run();
  return 0;
}

} // namespace swill::bench
