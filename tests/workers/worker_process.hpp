#pragma once

#include "tests/support/child_process.hpp"

#include <string>

namespace swill::worker_tests {

using test::memory_of;

/// A worker in a process of its own (tests/programs/worker.cpp).
class worker_process : public test::child_process {
public:
  /// `gateways`: their addresses, with commas between; `kind`: which handlers it serves.
  worker_process(const std::string& gateways, const std::string& name, const std::string& kind = "all");

  void send(int which) const { signal(which); }
  /// Bytes of memory that it has in use.
  std::size_t memory() const { return memory_of(pid()); }
};

} // namespace swill::worker_tests
