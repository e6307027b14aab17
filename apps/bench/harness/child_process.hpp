#pragma once

#include "tests/support/child_process.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace swill::bench {

/// A server under measurement. It dies with this object, and with this process.
class child_process {
public:
  /// Starts `command` (program and arguments) and waits until it accepts connections on 127.0.0.1:port.
  /// Throws std::runtime_error when it ends before, or takes longer than 15 s.
  child_process(std::vector<std::string> command, std::uint16_t port);
  /// Without waiting for anything.
  explicit child_process(std::vector<std::string> command) : process_(std::move(command)) {}

  /// CPU time of all its threads, user and system, in ns.
  std::uint64_t cpu_ns() const;
  /// The same of the processes that it has started.
  std::uint64_t children_cpu_ns() const;
  /// Resident memory in bytes.
  std::uint64_t rss_bytes() const;

private:
  void wait_until_ready(std::uint16_t port);

  test::child_process process_; // a measurement is over when it is over; orderly shutdown has its own tests
};

/// CPU time of this process: what the load generator costs.
std::uint64_t own_cpu_ns();

/// A TCP port of 127.0.0.1 on which nobody listens now.
std::uint16_t find_free_port();

/// Raises the soft limit of file descriptors to the hard one, here and for children to come. Returns the limit.
std::uint64_t raise_descriptor_limit();

} // namespace swill::bench
