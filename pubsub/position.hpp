#pragma once

#include <cstdint>

namespace swill {

/// A place in a topic: behind the message `offset` of its incarnation `epoch`. Offsets count from 1, without holes; a topic that was
/// forgotten and begins anew has another epoch, a random number from 1 to 2^53-1, and counts from 1 again.
struct position {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  bool operator==(const position&) const = default;
};

template <class D>
void describe(D& d, position& p) {
  d.field("epoch", p.epoch);
  d.field("offset", p.offset);
}

/// A new epoch.
std::uint64_t make_epoch();

} // namespace swill
