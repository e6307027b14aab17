#pragma once

#include "apps/bench/harness/child_process.hpp"

#include <cstdint>
#include <string>

namespace swill::bench {

/// A redis-server of our own that keeps nothing on disk, on a free port of 127.0.0.1.
class redis_process {
public:
  redis_process();
  ~redis_process();
  redis_process(const redis_process&) = delete;
  redis_process& operator=(const redis_process&) = delete;

  std::uint16_t port() const noexcept { return port_; }

private:
  std::string directory_;
  std::uint16_t port_;
  child_process process_;
};

} // namespace swill::bench
