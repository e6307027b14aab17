#pragma once

#include "pubsub/broker.hpp"
#include "pubsub/detail/subscription.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Mail between the broker's actor, at home on the first unit, and the hubs, one on each unit; and from anybody to the broker's actor.
// Answers are called on the first unit's thread.

namespace swill::detail {

struct publish_order {
  std::string topic;
  bytes data;
  std::string key;
  std::string trace; ///< empty: none
  broker::answer<position> done;
};
/// A hub has another subscription; it is told by join_reply.
struct join_order {
  std::uint32_t unit = 0;
  std::uint64_t token = 0; ///< the hub's
  std::string topic;
  std::optional<position> since;
  bool again = false; ///< it has begun, and reads on
};
/// A hub has no subscription of this topic any more.
struct leave_order {
  std::uint32_t unit = 0;
  std::string topic;
};
struct history_order {
  std::string topic;
  position since;
  std::size_t limit = 0;
  broker::answer<broker::history_page> done;
};
struct enter_order {
  std::string topic;
  presence_member who;
  broker::answer<void> done;
};
struct exit_order {
  std::string topic;
  std::string id;
  broker::answer<void> done;
};
struct members_order {
  std::string topic;
  broker::answer<std::vector<presence_member>> done;
};

/// To the hubs.
struct join_reply {
  std::uint64_t token = 0;
  result<joined> how;
};

} // namespace swill::detail

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::publish_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::join_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::leave_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::history_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::enter_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::exit_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::members_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::join_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::publication_ptr)
