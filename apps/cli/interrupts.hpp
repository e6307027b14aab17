#pragma once

#include <functional>

namespace swill::cli {

/// Ctrl-C and SIGTERM. Make one before any other thread is started: threads inherit that both wait.
class interrupts {
public:
  interrupts();

  /// Calls f on a thread of its own at the first signal. At the second, or when the program is still there two seconds later, it ends
  /// with 130.
  void watch(std::function<void()> f);
};

} // namespace swill::cli
