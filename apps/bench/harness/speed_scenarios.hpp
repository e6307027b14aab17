#pragma once

#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/harness/scenario.hpp"
#include "apps/bench/load/client.hpp"

namespace swill::bench {

/// Calls of one unary handler over `connections`, each with `depth` open.
metrics measure_calls(running_server& server, const options& o, unary_rpc rpc, unsigned connections, unsigned depth);

/// `add` over `connections`, each with `depth` requests open.
metrics measure_add(const server_spec& spec, const options& o, unsigned connections, unsigned depth);

/// `sleep0` at 50x16; the baseline, which has no coroutines, answers `add`.
metrics measure_timer0(const server_spec& spec, const options& o);

/// `burst`: streams from the server, per item.
metrics measure_stream_out(const server_spec& spec, const options& o);

/// `sum_stream`: streams to the server, per item.
metrics measure_stream_in(const server_spec& spec, const options& o);

/// `add` on one connection, alone and while another receives streams: p99_alone_us, p99_us, delay_ms.
metrics measure_fairness(const server_spec& spec, const options& o);

/// `sum` at 50x4 with one I/O thread and with two: rate_1, rate_2, scaling.
metrics measure_threads(const server_spec& spec, const options& o);

} // namespace swill::bench
