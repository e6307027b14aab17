#pragma once

#include "apps/bench/harness/scenario.hpp"

namespace swill::bench {

/// Connections that have made one call and then say nothing: connection_kb, in KiB.
metrics measure_idle_connections(const server_spec& spec, const options& o);

/// Requests that wait in a `sleep` of ten minutes: request_kb, in KiB.
metrics measure_waiting_requests(const server_spec& spec, const options& o);

} // namespace swill::bench
