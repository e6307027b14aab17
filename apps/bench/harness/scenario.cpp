#include "apps/bench/harness/scenario.hpp"

#include "apps/bench/harness/distributed_scenarios.hpp"
#include "apps/bench/harness/memory_scenarios.hpp"
#include "apps/bench/harness/speed_scenarios.hpp"

namespace swill::bench {
namespace {

scenario add(unsigned connections, unsigned depth, double limit) {
  const auto shape = std::to_string(connections) + "x" + std::to_string(depth);
  return {"add-" + shape,
          "`add`, connections x depth " + shape,
          {"cpu_us", target::kind::ratio_at_most, limit},
          [=](const server_spec& s, const options& o) { return measure_add(s, o, connections, depth); }};
}

} // namespace

// The limits are those of docs/performance.md.
std::vector<scenario> make_scenarios() {
  using kind = target::kind;
  return {
      add(1, 1, 1.15),
      add(50, 1, 1.25),
      add(50, 16, 1.6),
      add(500, 1, 1.25),
      {"stream-out", "streaming response, per item", {"cpu_us", kind::ratio_at_most, 1.5}, measure_stream_out},
      {"stream-in", "streaming request, per item", {"cpu_us", kind::ratio_at_most, 1.5}, measure_stream_in},
      {"timer0",
       "coroutine that awaits a timer of 0, 50x16, against bare `add`",
       {"cpu_us", kind::ratio_at_most, 2.5},
       measure_timer0},
      {"idle", "RSS per idle connection, KiB", {"connection_kb", kind::at_most, 14}, measure_idle_connections},
      {"waiting", "RSS per waiting request, KiB", {"request_kb", kind::at_most, 1.5}, measure_waiting_requests},
      {"fairness",
       "unary p99 beside a greedy stream, ms more than alone",
       {"delay_ms", kind::at_most, 2},
       measure_fairness},
      {"threads",
       "sum of 1000 integers, 50x4, throughput with 2 I/O threads over 1",
       {"scaling", kind::at_least, 1.4},
       measure_threads,
       true},
      {"fanout", "1,000 subscribers, 100 bytes, per delivery", {"cpu_us", kind::ratio_at_most, 1.5}, measure_fanout},
      {"fanout-redis",
       "the same through Redis, CPU per delivery over that in memory",
       {"over_memory", kind::at_most, 1.2},
       measure_fanout_redis,
       true},
      {"publish-redis",
       "publish to delivery through Redis, median over that of a bare PUBLISH",
       {"round_trips", kind::at_most, 3},
       measure_publish_latency},
      {"topics", "1,000 topics x 10 subscribers, per delivery", {"cpu_us", kind::ratio_at_most, 2}, measure_topics},
      {"topics-gone",
       "RSS after 100,000 topics were made and forgotten, MB more",
       {"grown_mb", kind::at_most, 4},
       measure_forgotten_topics,
       true},
      {"sessions",
       "a request that loads and saves a Redis session, 100x1",
       {"cpu_us", kind::ratio_at_most, 1.5},
       measure_sessions},
      {"session-rate", "the same, sessions per second", {"rate", kind::at_least, 10'000}, measure_sessions, true},
      {"remote",
       "`add` 50x16 in a worker, throughput over that in the gateway",
       {"share", kind::at_least, 0.4},
       measure_remote,
       true},
  };
}

} // namespace swill::bench
