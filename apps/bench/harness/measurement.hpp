#pragma once

#include "apps/bench/harness/child_process.hpp"
#include "apps/bench/harness/options.hpp"
#include "apps/bench/harness/scenario.hpp"
#include "apps/bench/load/tally.hpp"

#include <cstdint>

namespace swill::bench {

/// A server, started for one measurement so that nothing of an earlier one is left in it.
struct running_server {
  explicit running_server(const server_spec& spec, unsigned threads = 1);

  std::uint16_t port;
  child_process process;
};

/// The clocks at one moment.
struct moment {
  std::uint64_t wall_ns;
  std::uint64_t server_cpu_ns;
  std::uint64_t client_cpu_ns;
  std::uint64_t children_cpu_ns; ///< of processes that the server has started

  static moment now(const child_process& server);
};

/// cpu_us, rate, client_us, busy, children_us when the server has started others, and p50_us and p99_us when latencies were recorded, over what `t` counted
/// between two moments. Throws std::runtime_error when there were errors or no messages.
metrics evaluate(const moment& from, const moment& to, const tally& t);

/// Throws std::runtime_error when `t` holds errors.
void require_no_errors(const tally& t);

} // namespace swill::bench
