#pragma once

#include "apps/bench/harness/scenario.hpp"

namespace swill::bench {

/// One publisher and 1,000 subscribers of one topic, in memory: cpu_us and rate per delivery.
metrics measure_fanout(const server_spec& spec, const options& o);
/// The same in memory and through Redis: over_memory is the ratio of their cpu_us.
metrics measure_fanout_redis(const server_spec& spec, const options& o);
/// One publisher, one subscriber, Redis: round_trips is the median from publish to delivery over that of a bare PUBLISH, which is measured
/// in turn with it.
metrics measure_publish_latency(const server_spec& spec, const options& o);
/// 1,000 topics with 10 subscribers each, one publisher going through them.
metrics measure_topics(const server_spec& spec, const options& o);
/// 100,000 topics that are published to once and forgotten: grown_mb is the RSS afterwards over that before.
metrics measure_forgotten_topics(const server_spec& spec, const options& o);
/// `visit`: loads and saves a session in Redis; the baseline sends GET and SET.
metrics measure_sessions(const server_spec& spec, const options& o);
/// `add` at 50x16 in the gateway and in a worker: share is the latter's throughput over the former's.
metrics measure_remote(const server_spec& spec, const options& o);

} // namespace swill::bench
