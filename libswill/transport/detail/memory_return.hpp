#pragma once

#include "libswill/base/loop.hpp"

#include <cstddef>

namespace swill::transport::detail {

/// Gives memory back to the operating system when the connections of a loop keep much less than they have kept: allocators keep it else, for the
/// next time. On the loop's thread.
class memory_return {
public:
  explicit memory_return(loop& l) : loop_(l) {}

  /// What one connection keeps has changed from `before` to `after`.
  void change(std::size_t before, std::size_t after) noexcept {
    kept_ += after - before; // modulo
    if (kept_ > most_)
      most_ = kept_;
    else if (most_ - kept_ >= worth_it && !looks_.is_set())
      look_soon();
  }
  /// Does nothing from now on.
  void stop() noexcept;

  static constexpr std::size_t worth_it = 32 * 1024 * 1024;

private:
  void look_soon() noexcept;
  void look();

  loop& loop_;
  std::size_t kept_ = 0;
  std::size_t most_ = 0; // that was kept since memory was last given back
  bool is_stopped_ = false;
  member_timer<memory_return, &memory_return::look> looks_{*this};
};

} // namespace swill::transport::detail
