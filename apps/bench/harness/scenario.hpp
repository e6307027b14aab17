#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace swill::bench {

/// How to start a server. In `command` the words {port}, {threads} and {self} are replaced.
struct server_spec {
  std::string label;
  std::string command;
  std::string tls_authority{}; ///< file of whose certificate it shows; empty: without TLS

  /// What ratios refer to.
  bool is_baseline() const { return label == "bare"; }
  /// It has add, burst and sum_stream. Targets are not for it.
  bool is_bare() const { return command.find(" serve-bare ") != std::string::npos; }
  /// It has all handlers, pub/sub, sessions and workers.
  bool is_ours() const { return command.find("{threads}") != std::string::npos; }
};

/// What the command line decides.
struct options {
  unsigned rounds = 5;
  std::chrono::milliseconds duration{1000}; // of one measured phase
  std::uint32_t items = 1'000'000;          // of one stream
  unsigned idle_connections = 10'000;
  unsigned waiting_requests = 20'000;
  std::string only = "*"; // glob over scenario names
  std::vector<server_spec> servers;
};

/// Numbers of one measurement, or their medians, by name. docs/performance.md explains the names.
using metrics = std::map<std::string, double>;

/// A bound on one metric.
struct target {
  enum class kind { ratio_at_most, at_most, at_least };

  std::string metric;
  kind bound = kind::ratio_at_most; // ratio: to the baseline in the same round
  double limit = 0;
};

/// One thing to measure. `run` starts the server, measures, ends it; it throws when the server gives a wrong answer.
struct scenario {
  std::string name;
  std::string what;
  target aim;
  std::function<metrics(const server_spec&, const options&)> run;
  bool ours_only = false; // only for servers that take {threads}
};

/// All of them, in the order of the table.
std::vector<scenario> make_scenarios();

/// `add` over `connections`, each with `depth` requests open.
metrics measure_add(const server_spec& spec, const options& o, unsigned connections, unsigned depth);
/// `rpc`, which is `add` in another way, at 50x16, in turns with `add`: over_plain is the ratio of their cpu_us.
metrics measure_way(const server_spec& spec, const options& o, const char* rpc);
/// `rpc`, a handler that is an actor, at 50x16, in turns with `add` and with requests between two actors alone, as many in flight, in the same
/// server: caf_us is the CPU time of such a request, over_caf the ratio of cpu_us to it, and added_over_caf that of what the call takes more
/// than `add`; caf_16_us and over_caf_16 are the same with 16 requests in flight.
metrics measure_actor(const server_spec& spec, const options& o, const char* rpc);
/// `sleep0` at 50x16; the bare server, which has no coroutines, answers `add`.
metrics measure_timer0(const server_spec& spec, const options& o);
/// Connects, calls `add` once and closes, 16 at the same time: per connection.
metrics measure_connects(const server_spec& spec, const options& o);
/// `burst`: streams from the server, per item.
metrics measure_stream_out(const server_spec& spec, const options& o);
/// `sum_stream`: streams to the server, per item.
metrics measure_stream_in(const server_spec& spec, const options& o);
/// `add` on one connection, alone and while another receives streams: p99_alone_us, p99_us, delay_ms.
metrics measure_fairness(const server_spec& spec, const options& o);
/// `receive`: a request that waits for messages of actors. cpu_us: one that comes alone in its turn, sent by the same thread, without the turn;
/// with_turn_us: with it; in_batches_us: 50 in each turn; by_thread_us: 50 at a time from another thread, whose CPU is not in it, with what waking
/// the loop costs that.
metrics measure_messages(const server_spec& spec, const options& o);
/// `sum` at 50x4 with one I/O thread and with two: rate_1, rate_2, scaling.
metrics measure_threads(const server_spec& spec, const options& o);

/// Connections that have made one call and then say nothing: connection_kb, in KiB.
metrics measure_idle_connections(const server_spec& spec, const options& o);
/// Requests that wait in a `sleep` of ten minutes: request_kb, in KiB.
metrics measure_waiting_requests(const server_spec& spec, const options& o);
/// Subscriptions to topics that nobody publishes to, 100 on each connection: subscription_kb, in KiB, with the topics.
metrics measure_subscriptions(const server_spec& spec, const options& o);

/// One publisher and 1,000 subscribers of one topic, in memory: cpu_us and rate per delivery.
metrics measure_fanout(const server_spec& spec, const options& o);
/// The same in memory and through Redis: over_memory is the ratio of their cpu_us.
metrics measure_fanout_redis(const server_spec& spec, const options& o);
/// One publisher, one subscriber, Redis: p50_us is from publish to delivery.
metrics measure_publish_latency(const server_spec& spec, const options& o);
/// 1,000 topics with 10 subscribers each, one publisher going through them.
metrics measure_topics(const server_spec& spec, const options& o);
/// 100,000 topics that are published to once and forgotten: grown_mb is the RSS afterwards over that before.
metrics measure_forgotten_topics(const server_spec& spec, const options& o);
/// `visit`: loads and saves a session in Redis.
metrics measure_sessions(const server_spec& spec, const options& o);
/// `add` at 50x16 in the gateway and in a worker: share is the latter's throughput over the former's.
metrics measure_remote(const server_spec& spec, const options& o);

} // namespace swill::bench
