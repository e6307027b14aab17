#pragma once

#include "tests/support/patience.hpp"

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

// How long the tests of this directory run, and how they wait.

namespace swill::chaos {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// SWILL_CHAOS=long, as `./dev chaos` sets it.
inline bool is_long() {
  const char* scale = std::getenv("SWILL_CHAOS"); // NOLINT(concurrency-mt-unsafe): nobody sets it
  return scale != nullptr && std::string_view{scale} == "long";
}
template <class T>
T scaled(T in_short, T in_long) {
  return is_long() ? in_long : in_short;
}

inline milliseconds since(clock::time_point t) { return std::chrono::duration_cast<milliseconds>(clock::now() - t); }

/// Asks `holds` again and again until it does; false when it has not within the limit.
template <class F>
bool eventually(F holds, milliseconds limit = 20s) {
  const auto end = clock::now() + patient(limit);
  while (!holds()) {
    if (clock::now() > end) return false;
    std::this_thread::sleep_for(2ms); // between two looks, not in place of one
  }
  return true;
}

} // namespace swill::chaos
