#pragma once

#include "libswill/base/loop.hpp"

#include <optional>
#include <vector>

namespace swill {

/// Timers in the order of their time: a binary heap of embedded timers, with equal times in the order they were set.
/// Set, cancel and run are O(log n). Owned and used by one loop.
class timer_queue {
public:
  ~timer_queue();

  void set(timer& t, clock_time when);
  void cancel(timer& t) noexcept;

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  std::optional<clock_time> next_due() const;

  /// Runs what is due at `now`, but not what those set anew for now or earlier. Returns how many ran.
  std::size_t run_due(clock_time now);

private:
  bool before(const timer& a, const timer& b) const noexcept;
  void place(timer& t, std::size_t slot) noexcept;
  void up(std::size_t slot) noexcept;
  void down(std::size_t slot) noexcept;

  std::vector<timer*> heap_;
  std::size_t order_ = 0;
  clock_time last_run_ = clock_time::min();
};

} // namespace swill
