#pragma once

#include "apps/bench/harness/scenario.hpp"
#include "apps/bench/load/client.hpp"
#include "tests/support/child_process.hpp"

#include <chrono>
#include <cstdint>
#include <functional>

namespace swill::bench {

/// A server, started for one measurement so that nothing of an earlier one is left in it. It is killed with this object: orderly shutdown has
/// its own tests. Throws std::runtime_error when it ends before it listens, or takes longer than 15 s.
class running_server {
public:
  explicit running_server(const server_spec& spec, unsigned threads = 1);

  connection connect(unsigned source = 0) const { return connection(port_, source, tls_authority_); }
  /// The same, whose open() is still to be called.
  connection begin_connect() const { return connection(connection::begun{}, port_, 0, tls_authority_); }
  pid_t pid() const noexcept { return process_.pid(); }
  /// Resident memory in bytes.
  double rss() const { return static_cast<double>(test::memory_of(pid())); }

private:
  std::string tls_authority_;
  std::uint16_t port_;
  test::child_process process_;
};

/// Clears `seen`, runs `load`, and evaluates what was seen meanwhile: cpu_us, rate, client_us, busy, rss_mb; children_us when the server has
/// started other processes; p50_us and p99_us when latencies were recorded. Throws std::runtime_error when there were errors or no messages.
metrics measure(const running_server& server, tally& seen, const std::function<void()>& load);

/// Throws std::runtime_error when `t` holds errors.
void require_no_errors(const tally& t);

/// Calls f once, and again until that time is over.
void repeat_for(std::chrono::nanoseconds duration, const std::function<void()>& f);

/// Calls of one unary handler over `connections`, each with `depth` open.
metrics measure_calls(const running_server& server, const options& o, unary_rpc rpc, unsigned connections,
                      unsigned depth);

} // namespace swill::bench
