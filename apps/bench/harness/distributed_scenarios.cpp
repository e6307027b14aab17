#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/load/load_loop.hpp"
#include "apps/bench/load/topic_clients.hpp"
#include "tests/support/redis_server.hpp"

#include <poll.h>

#include <algorithm>
#include <stdexcept>

namespace swill::bench {
namespace {

constexpr unsigned fanout_subscribers = 1000;
constexpr unsigned topic_count = 1000;
constexpr unsigned subscribers_per_topic = 10;
constexpr unsigned topics_per_connection = 100; // a server may allow no more
constexpr unsigned forgotten_topics = 100'000;
constexpr unsigned remote_turns = 4;

server_spec with_redis(const server_spec& spec, const test::redis_server& r) {
  return {spec.label, spec.command + " --redis " + std::to_string(r.port())};
}

std::vector<std::string> numbered(const std::string& name, unsigned count) {
  std::vector<std::string> all;
  for (unsigned i = 0; i < count; ++i) all.push_back(name + std::to_string(i));
  return all;
}

/// A publisher to all topics in turn, which publishes again whenever everybody has had the last message. Each connection subscribes to at
/// most topics_per_connection of them.
metrics measure_deliveries(const server_spec& spec, const options& o, const std::vector<std::string>& topics,
                           unsigned subscribers) {
  const running_server server(spec);
  tally seen;
  published last;
  load_loop loop;
  for (auto from = topics.begin(); from != topics.end();) {
    const auto to = from + std::min<std::ptrdiff_t>(topics_per_connection, topics.end() - from);
    for (unsigned i = 0; i < subscribers; ++i)
      loop.add<subscriber_client>(server.connect(), seen, last, std::vector<std::string>(from, to));
    from = to;
  }
  loop.start_all();
  loop.run_until_idle();
  auto& publisher = loop.add<publisher_client>(server.connect(), seen, last, topics);
  const auto publish = [&] {
    const auto target = seen.messages + subscribers;
    publisher.start(monotonic_ns());
    loop.run_until([&] { return (publisher.idle() && seen.messages >= target) || seen.errors != 0; });
  };
  for (int i = 0; i < 3; ++i) publish();
  return measure(server, seen, [&] { repeat_for(o.duration, publish); });
}

/// A worker's handlers are there a moment after its gateway listens.
void wait_until_served(const running_server& gateway) {
  for (int i = 0; i < 500; ++i) {
    tally seen;
    load_loop loop;
    auto& c = loop.add<unary_client>(gateway.connect(), seen, add, 1u);
    c.stop();
    loop.start_all();
    loop.run_until([&] { return c.idle() || seen.errors != 0; });
    if (seen.errors == 0) return;
    ::poll(nullptr, 0, 10);
  }
  throw std::runtime_error("the worker never served");
}

} // namespace

metrics measure_fanout(const server_spec& spec, const options& o) {
  return measure_deliveries(spec, o, {"news"}, fanout_subscribers);
}

metrics measure_fanout_redis(const server_spec& spec, const options& o) {
  const test::redis_server store;
  const auto memory = measure_fanout(spec, o);
  auto result = measure_fanout(with_redis(spec, store), o);
  result["over_memory"] = result.at("cpu_us") / memory.at("cpu_us");
  return result;
}

metrics measure_publish_latency(const server_spec& spec, const options& o) {
  const test::redis_server store;
  return measure_deliveries(with_redis(spec, store), o, {"news"}, 1);
}

metrics measure_topics(const server_spec& spec, const options& o) {
  return measure_deliveries(spec, o, numbered("room.", topic_count), subscribers_per_topic);
}

metrics measure_forgotten_topics(const server_spec& spec, const options&) {
  const running_server server(spec);
  tally seen;
  published last;
  load_loop loop;
  auto& publisher = loop.add<publisher_client>(server.connect(), seen, last, numbered("churn.", forgotten_topics));
  const auto publish = [&](unsigned count) {
    while (count > 0) {
      for (unsigned burst = std::min(count, 100u); burst > 0; --burst, --count) publisher.start(monotonic_ns());
      loop.run_until_idle();
    }
    require_no_errors(seen);
  };
  // Once before, so that what an allocator keeps for the next time is not counted as kept.
  publish(1000);
  loop.run_for(std::chrono::seconds(3));
  const auto before = server.rss();
  publish(forgotten_topics);
  const auto most = server.rss();
  loop.run_for(std::chrono::seconds(4));
  const auto after = server.rss();
  return {{"grown_mb", (after - before) / 1e6}, {"most_mb", (most - before) / 1e6}, {"rss_mb", after / 1e6}};
}

metrics measure_sessions(const server_spec& spec, const options& o) {
  const test::redis_server store;
  return measure_calls(running_server(with_redis(spec, store)), o, {"visit", payload::integer}, 100, 1);
}

// In turns, so that both see the same machine.
metrics measure_remote(const server_spec& spec, const options& o) {
  const running_server local(spec);
  auto command = spec.command;
  const auto verb = command.find(" serve ");
  if (verb == std::string::npos) throw std::runtime_error("not a command of swill-bench serve: " + command);
  const running_server gateway({spec.label, command.replace(verb, 7, " serve-remote ")});
  wait_until_served(gateway);
  auto part = o;
  part.duration /= remote_turns;
  metrics result;
  for (unsigned i = 0; i < remote_turns; ++i) {
    result["local_rate"] += measure_calls(local, part, add, 50, 16).at("rate") / remote_turns;
    for (const auto& [name, v] : measure_calls(gateway, part, add, 50, 16)) result[name] += v / remote_turns;
  }
  result["share"] = result.at("rate") / result.at("local_rate");
  return result;
}

} // namespace swill::bench
