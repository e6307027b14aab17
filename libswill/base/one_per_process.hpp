#pragma once

#include <atomic>

#include <pthread.h>

namespace swill {

/// The one T of this process: made when it is asked for the first time, and never destroyed, as threads may need it until the very end. A
/// child of fork() gets one of its own, since it has none of its parent's threads, and a mutex that they held is locked for ever.
template <class T>
T& one_per_process() {
  struct one {
    T object{};
    one* of_parent = nullptr; // kept reachable
  };
  static std::atomic<one*> now{nullptr};
  constexpr auto make = [] {
    auto* n = new one;
    n->of_parent = now.exchange(n);
  };
  static const bool made = [make] {
    make();
    return ::pthread_atfork(nullptr, nullptr, make) == 0;
  }();
  static_cast<void>(made);
  return now.load()->object;
}

} // namespace swill
