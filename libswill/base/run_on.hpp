#pragma once

#include "libswill/base/loop.hpp"

#include <chrono>
#include <functional>

namespace swill {

/// Runs f on the thread of l, at once where that is this thread, and returns when f has run. Throws what f throws. The loop must turn.
void run_on(loop& l, std::function<void()> f);

/// The same, but returns after `longest` at the latest: f may run later, or never, so it owns what it uses. What it throws is dropped.
void run_on(loop& l, std::function<void()> f, std::chrono::milliseconds longest);

} // namespace swill
