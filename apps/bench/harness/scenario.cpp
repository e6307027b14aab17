#include "apps/bench/harness/scenario.hpp"

namespace swill::bench {
namespace {

scenario add_scenario(unsigned connections, unsigned depth, double limit) {
  const auto shape = std::to_string(connections) + "x" + std::to_string(depth);
  return {"add-" + shape,
          "`add`, connections x depth " + shape,
          {"cpu_us", target::kind::ratio_at_most, limit},
          [=](const server_spec& s, const options& o) { return measure_add(s, o, connections, depth); }};
}

scenario way_scenario(const char* name, const char* what, const char* rpc, double limit) {
  return {name,
          what,
          {"over_plain", target::kind::at_most, limit},
          [rpc](const server_spec& s, const options& o) { return measure_way(s, o, rpc); },
          true};
}

scenario actor_scenario(const char* name, const char* what, const char* rpc, double limit) {
  return {name,
          what,
          {"over_caf", target::kind::at_most, limit},
          [rpc](const server_spec& s, const options& o) { return measure_actor(s, o, rpc); },
          true};
}

} // namespace

// The limits are those of docs/performance.md.
std::vector<scenario> make_scenarios() {
  const auto ratio = [](double limit) { return target{"cpu_us", target::kind::ratio_at_most, limit}; };
  const auto most = [](const char* metric, double limit) { return target{metric, target::kind::at_most, limit}; };
  const auto least = [](const char* metric, double limit) { return target{metric, target::kind::at_least, limit}; };
  return {
      add_scenario(1, 1, 1.15),
      add_scenario(50, 1, 1.25),
      add_scenario(50, 16, 1.6),
      add_scenario(500, 1, 1.25),
      way_scenario("add-hooks", "`add` 50x16 with plain before_request and after_request, over none", "h.add", 1.1),
      way_scenario("add-awaiting", "`add` 50x16 with one awaiting hook, over none", "w.add", 1.4),
      way_scenario("add-task", "`add` 50x16 as a task that does not wait, over a plain function", "t.add", 1.25),
      actor_scenario("actor", "`add` 50x16 by an actor on the pool, over a CAF request between two such", "a.add", 1.2),
      actor_scenario("actor-keyed", "the same by keyed actors, over a CAF request", "k.add", 1.56),
      {"connect", "connect, one `add`, close, 16 at a time, per connection", ratio(1.0), measure_connects},
      {"stream-out", "streaming response, per item", ratio(1.5), measure_stream_out},
      {"stream-in", "streaming request, per item", ratio(1.5), measure_stream_in},
      {"timer0", "coroutine that awaits a timer of 0, 50x16, against bare `add`", ratio(2.5), measure_timer0},
      {"messages", "a message of an actor to a request that waits, with its sending", most("cpu_us", 1),
       measure_messages, true},
      {"idle", "RSS per idle connection, KiB", most("connection_kb", 2.5), measure_idle_connections},
      {"waiting", "RSS per waiting request, KiB", most("request_kb", 1.25), measure_waiting_requests, true},
      {"subscribed", "RSS per subscription, KiB", most("subscription_kb", 2.5), measure_subscriptions, true},
      {"fairness", "unary p99 beside a greedy stream, ms more than alone", most("delay_ms", 2), measure_fairness},
      {"threads", "sum of 1000 integers, 50x4, throughput with 2 I/O threads over 1", least("scaling", 1.4),
       measure_threads, true},
      {"fanout", "1,000 subscribers, 100 bytes, per delivery", most("cpu_us", 12), measure_fanout, true},
      {"fanout-redis", "the same through Redis, CPU per delivery over that in memory", most("over_memory", 1.2),
       measure_fanout_redis, true},
      {"publish-redis", "publish to delivery through Redis, median", most("p50_us", 250), measure_publish_latency,
       true},
      {"topics", "1,000 topics x 10 subscribers, per delivery", most("cpu_us", 15), measure_topics, true},
      {"topics-gone", "RSS after 100,000 topics were made and forgotten, MB more", most("grown_mb", 4),
       measure_forgotten_topics, true},
      {"sessions", "a request that loads and saves a Redis session, 100x1", most("cpu_us", 20), measure_sessions, true},
      {"session-rate", "the same, sessions per second", least("rate", 10'000), measure_sessions, true},
      {"remote", "`add` 50x16 in a worker, throughput over that in the gateway", least("share", 0.3), measure_remote,
       true},
  };
}

} // namespace swill::bench
