#pragma once

#include "libswill/api/app.hpp"

#include <cstdint>

namespace swill::bench {

/// How the messages of `receive` come: so many in each turn of the request's I/O thread, which sends them as well; or
struct receive_how {
  /// the same turns of one message each, but that only the last has one: what turns cost without messages;
  static constexpr std::uint16_t turns_alone = 0;
  /// and so many more than this: so many at a time, from a thread of their own, which waits until they were taken.
  static constexpr std::uint16_t by_thread = 1000;
};

/// `receive` [count, how]: a request that waits for so many messages of an actor's mailbox, and answers by the CPU time of its I/O thread
/// meanwhile, in ns.
void add_receive(app& a);

} // namespace swill::bench
