#pragma once

#include "apps/bench/load/histogram.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace swill::bench {

/// What clients have seen. The errors stay through clear(): a wrong answer during warm-up counts too.
struct tally {
  std::uint64_t messages = 0;
  histogram latency;
  std::uint64_t errors = 0;
  std::string first_error;

  void fail(std::string what) {
    if (errors++ == 0) first_error = std::move(what);
  }
  void clear() noexcept {
    messages = 0;
    latency.clear();
  }
};

} // namespace swill::bench
