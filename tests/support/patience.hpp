#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace swill {

/// A build with sanitizers, many times slower: what it measures means nothing.
inline bool is_slowed() {
  return std::getenv("SWILL_PATIENCE") != nullptr;
} // NOLINT(concurrency-mt-unsafe): nobody sets it

/// A limit of time, by SWILL_PATIENCE as much longer as a build with sanitizers is slower.
template <class D>
D patient(D limit) {
  const char* factor = std::getenv("SWILL_PATIENCE"); // NOLINT(concurrency-mt-unsafe): nobody sets it
  return factor != nullptr ? limit * std::max(1, std::atoi(factor)) : limit;
}

} // namespace swill
