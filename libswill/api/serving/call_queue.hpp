#pragma once

#include "libswill/base/loop.hpp"
#include "libswill/base/ring.hpp"

#include <cstdint>

namespace swill::detail {

class call;

/// Calls that wait for the same thing, in the order in which they came. On their loop's thread.
class call_queue {
public:
  void push(call& c) { waiting_.push(&c); }
  void forget(const call& c) noexcept;
  /// Calls on_turn() of each that waits now; one that waits again then stands after the others.
  void run();

private:
  ring<call*, 256> waiting_;
};

/// The turns of a loop, and the calls that go on in the next one.
class turn_queue {
public:
  explicit turn_queue(swill::loop& l) noexcept : loop_(l) {}
  turn_queue& operator=(turn_queue&&) = delete;

  /// Rises with each turn.
  std::uint64_t turn() const noexcept { return turn_; }
  void begin_turn() noexcept { ++turn_; }
  /// Calls c.on_turn() in the next turn, in the order of asking.
  void push(call& c);
  void forget(const call& c) noexcept { waiting_.forget(c); }

private:
  void run();

  swill::loop& loop_;
  call_queue waiting_;
  std::uint64_t turn_ = 0;
  bool is_posted_ = false;
};

} // namespace swill::detail
