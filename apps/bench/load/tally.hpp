#pragma once

#include "apps/common/latencies.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace swill::bench {

/// What clients have seen. The errors stay through clear(): a wrong answer during warm-up counts too.
struct tally {
  std::uint64_t messages = 0;
  apps::latencies latency;
  std::uint64_t errors = 0;
  std::string first_error;

  void fail(std::string what) {
    if (errors++ == 0) first_error = std::move(what);
  }
  void clear() noexcept {
    messages = 0;
    latency = {};
  }
};

} // namespace swill::bench
