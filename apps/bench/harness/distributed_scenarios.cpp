#include "apps/bench/harness/distributed_scenarios.hpp"

#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/harness/redis_process.hpp"
#include "apps/bench/harness/speed_scenarios.hpp"
#include "apps/bench/load/load_loop.hpp"
#include "apps/bench/load/redis_publisher.hpp"
#include "apps/bench/load/topic_clients.hpp"

#include <poll.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace swill::bench {
namespace {

constexpr std::chrono::seconds patience{60};
constexpr unsigned fanout_subscribers = 1000;
constexpr unsigned topic_count = 1000;
constexpr unsigned subscribers_per_topic = 10;
constexpr unsigned topics_per_connection = 100; // a server may allow no more
constexpr unsigned forgotten_topics = 100'000;
constexpr unsigned remote_turns = 4;

std::string with_redis(const redis_process& r) { return " --redis " + std::to_string(r.port()); }
server_spec plus(const server_spec& spec, const std::string& words) { return {spec.label, spec.command + words}; }

/// Publishes again whenever everybody has had the last message, and `between` has returned.
metrics measure_deliveries(running_server& server, const options& o, load_loop& loop, publisher_client& publisher,
                           tally& seen, unsigned deliveries, const std::function<void()>& between = {}) {
  const auto one = [&] {
    const auto target = seen.messages + deliveries;
    publisher.start(monotonic_ns());
    loop.run_until([&] { return (publisher.idle() && seen.messages >= target) || seen.errors != 0; }, patience);
  };
  for (int i = 0; i < 3; ++i) one();
  seen.clear();
  const auto from = moment::now(server.process);
  do {
    one();
    if (between) between();
  } while (seen.errors == 0 &&
           monotonic_ns() - from.wall_ns < static_cast<std::uint64_t>(std::chrono::nanoseconds(o.duration).count()));
  auto result = evaluate(from, moment::now(server.process), seen);
  result["rss_mb"] = static_cast<double>(server.process.rss_bytes()) / 1e6;
  return result;
}

metrics measure_one_topic(const server_spec& spec, const options& o, unsigned subscribers,
                          const std::function<void()>& between = {}) {
  running_server server(spec);
  tally seen;
  published last;
  load_loop loop;
  const std::vector<std::string> topic{"news"};
  std::vector<subscriber_client*> all;
  for (unsigned i = 0; i < subscribers; ++i)
    all.push_back(&loop.add<subscriber_client>(connection(server.port), seen, last, topic));
  loop.start_all();
  loop.run_until([&] { return std::all_of(all.begin(), all.end(), [](auto* s) { return s->idle(); }); }, patience);
  auto& publisher = loop.add<publisher_client>(connection(server.port), seen, last, topic);
  return measure_deliveries(server, o, loop, publisher, seen, subscribers, between);
}

/// A worker's handlers are there a moment after its gateway listens.
void wait_until_served(std::uint16_t port) {
  for (int i = 0; i < 500; ++i) {
    tally seen;
    load_loop loop;
    auto& c = loop.add<unary_client>(connection(port), seen, unary_rpc::add, 1u);
    c.stop();
    loop.start_all();
    loop.run_until([&] { return c.idle() || seen.errors != 0; }, patience);
    if (seen.errors == 0) return;
    ::poll(nullptr, 0, 10);
  }
  throw std::runtime_error("the worker never served");
}

} // namespace

metrics measure_fanout(const server_spec& spec, const options& o) {
  return measure_one_topic(spec, o, fanout_subscribers);
}

metrics measure_fanout_redis(const server_spec& spec, const options& o) {
  const redis_process store;
  const auto memory = measure_one_topic(spec, o, fanout_subscribers);
  auto result = measure_one_topic(plus(spec, with_redis(store)), o, fanout_subscribers);
  result["over_memory"] = result.at("cpu_us") / memory.at("cpu_us");
  return result;
}

metrics measure_publish_latency(const server_spec& spec, const options& o) {
  const redis_process store;
  redis_publisher bare(store.port());
  histogram trips;
  auto result = measure_one_topic(plus(spec, with_redis(store)), o, 1, [&] { trips.record(bare.round_trip()); });
  result["bare_publish_us"] = trips.quantile(0.5) / 1e3;
  result["round_trips"] = result.at("p50_us") / result.at("bare_publish_us");
  return result;
}

metrics measure_topics(const server_spec& spec, const options& o) {
  running_server server(spec);
  tally seen;
  published last;
  load_loop loop;
  std::vector<std::string> names;
  for (unsigned i = 0; i < topic_count; ++i) names.push_back("room." + std::to_string(i));
  std::vector<subscriber_client*> all;
  for (unsigned first = 0; first < topic_count; first += topics_per_connection) {
    const std::vector<std::string> some(names.begin() + first, names.begin() + first + topics_per_connection);
    for (unsigned i = 0; i < subscribers_per_topic; ++i)
      all.push_back(&loop.add<subscriber_client>(connection(server.port), seen, last, some));
  }
  loop.start_all();
  loop.run_until([&] { return std::all_of(all.begin(), all.end(), [](auto* s) { return s->idle(); }); }, patience);
  auto& publisher = loop.add<publisher_client>(connection(server.port), seen, last, names);
  return measure_deliveries(server, o, loop, publisher, seen, subscribers_per_topic);
}

metrics measure_forgotten_topics(const server_spec& spec, const options&) {
  running_server server(spec);
  tally seen;
  published last;
  load_loop loop;
  std::vector<std::string> names;
  for (unsigned i = 0; i < forgotten_topics; ++i) names.push_back("churn." + std::to_string(i));
  auto& publisher = loop.add<publisher_client>(connection(server.port), seen, last, names);
  const auto publish = [&](unsigned count) {
    while (count > 0) {
      for (unsigned burst = std::min(count, 100u); burst > 0; --burst, --count) publisher.start(monotonic_ns());
      loop.run_until([&] { return publisher.idle() || seen.errors != 0; }, patience);
    }
    require_no_errors(seen);
  };
  // Once before, so that what an allocator keeps for the next time is not counted as kept.
  publish(1000);
  loop.run_for(std::chrono::seconds(3));
  const auto before = static_cast<double>(server.process.rss_bytes());
  publish(forgotten_topics);
  const auto most = static_cast<double>(server.process.rss_bytes());
  loop.run_for(std::chrono::seconds(4));
  const auto after = static_cast<double>(server.process.rss_bytes());
  return {{"grown_mb", (after - before) / 1e6}, {"most_mb", (most - before) / 1e6}, {"rss_mb", after / 1e6}};
}

metrics measure_sessions(const server_spec& spec, const options& o) {
  const redis_process store;
  running_server server(plus(spec, with_redis(store)));
  return measure_calls(server, o, unary_rpc::visit, 100, 1);
}

// In turns, so that both see the same machine.
metrics measure_remote(const server_spec& spec, const options& o) {
  running_server local(spec);
  auto command = spec.command;
  const auto verb = command.find(" serve ");
  if (verb == std::string::npos) throw std::runtime_error("not a command of swill-bench serve: " + command);
  running_server gateway({spec.label, command.replace(verb, 7, " serve-remote ")});
  wait_until_served(gateway.port);
  auto part = o;
  part.duration /= remote_turns;
  metrics result;
  for (unsigned i = 0; i < remote_turns; ++i) {
    result["local_rate"] += measure_calls(local, part, unary_rpc::add, 50, 16).at("rate") / remote_turns;
    for (const auto& [name, v] : measure_calls(gateway, part, unary_rpc::add, 50, 16)) result[name] += v / remote_turns;
  }
  result["share"] = result.at("rate") / result.at("local_rate");
  return result;
}

} // namespace swill::bench
