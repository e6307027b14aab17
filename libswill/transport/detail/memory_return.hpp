#pragma once

#include "libswill/base/loop.hpp"

#include <atomic>
#include <cstddef>
#include <memory>

namespace swill::transport::detail {

/// Gives memory back to the operating system when the connections of a server keep much less than they have kept: allocators keep it else, for the
/// next time. Looks on one loop.
class memory_return : public std::enable_shared_from_this<memory_return> {
public:
  explicit memory_return(loop& l) : loop_(l) {}

  /// All connections together keep so much now. From any thread.
  void note(std::size_t kept) noexcept {
    kept_.store(kept, std::memory_order_relaxed);
    const std::size_t most = most_.load(std::memory_order_relaxed);
    if (kept > most)
      most_.store(kept, std::memory_order_relaxed); // another thread's, at the same time, may count instead
    else if (most - kept >= worth_it && !is_asked_.exchange(true))
      look_soon();
  }
  /// Does nothing from now on. On the loop's thread, or when it does not run.
  void stop() noexcept;

  static constexpr std::size_t worth_it = 32 * 1024 * 1024;

private:
  void look_soon() noexcept;
  void look();

  loop& loop_;
  std::atomic<std::size_t> kept_{0};
  std::atomic<std::size_t> most_{0}; // that was kept since memory was last given back
  std::atomic<bool> is_asked_{false};
  bool is_stopped_ = false;
  member_timer<memory_return, &memory_return::look> looks_{*this};
};

} // namespace swill::transport::detail
