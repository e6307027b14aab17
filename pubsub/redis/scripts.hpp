#pragma once

#include "libswill/redis/script.hpp"

#include <string>
#include <vector>

// What happens in Redis. Each script is one step there. Keys, after the prefix:
//   t:<topic>       hash: e epoch, o offset of the last message, l the last message where it is retained, w its place if that has a trace,
//                   else perhaps an older one; x when a publish has to prolong the TTLs of this and the next again, r when it began anew
//                   because a client was ahead; with a TTL, a brief one while it never had a message: nothing stays of a topic that
//                   somebody only listened to
//   h:<topic>       stream: history; ids are <offset>-0, fields: t milliseconds, d the message, w its place if that has a trace; with a TTL
//   k:<topic> <key> "epoch offset" of a message with an idempotency key; with a TTL
//   p:<topic>       hash: presence; id -> "node member"
//   n:<node>        hash: topics where a node has members -> how many; "" -> "=" and its name once the node has given a sign of life
//   nodes           sorted set: nodes by the time of their last sign of life
// Channels: c:<topic> "epoch place message"; node:<node> and node: "from kind-size kind data".
// A message's place is its offset, with "/" and the trace-id after it if it has one. Who reads a number up to its end, as nodes did before
// there were traces, finds the offset in both.
// Epochs and offsets stay below 2^53, which Lua's numbers hold exactly.

namespace swill::detail {

/// Of every script that appends a message to a topic, beside its topic's keys.
inline constexpr auto append_arguments =
    redis::names("new_epoch", "ttl", "history_length", "history_age", "retains", "grace");
/// Of every script that looks at a topic. Messages were handed out up to `known_offset`; a topic that never had one lives for `brief_ttl`.
inline constexpr auto look_arguments = redis::names("new_epoch", "ttl", "brief_ttl", "known_epoch", "known_offset");
/// The keys t and h of a topic.
inline constexpr auto topic_keys = redis::names("meta", "stream");

struct publish_names {
  static constexpr auto keys = redis::names(topic_keys, "before"); ///< t, h, k
  /// `key_age` and `trace` may be empty.
  static constexpr auto arguments = redis::names(append_arguments, "channel", "data", "key_age", "trace");
};
/// Gives {epoch, offset}, and something more when the message was there before.
extern const redis::script_of<publish_names> publish_script;

struct look_names {
  static constexpr auto keys = topic_keys;
  static constexpr auto arguments = look_arguments;
};
/// Gives {epoch, place, last or ""}.
extern const redis::script_of<look_names> look_script;

struct history_names {
  static constexpr auto keys = topic_keys;
  /// For `believed_for` nobody is believed again who is ahead of the topic, which then begins anew with `epoch_after`; 0: nobody is believed.
  static constexpr auto arguments = redis::names(look_arguments, "since_epoch", "since_offset", "limit", "history_age",
                                                 "history_length", "believed_for", "epoch_after");
};
/// Gives {epoch, offset, more, place, message, …}.
extern const redis::script_of<history_names> history_script;

struct check_names {
  static constexpr auto each_keys = topic_keys;
  /// `makes`: 1 to make the topic when it is not there.
  static constexpr auto each_arguments = redis::names(look_arguments, "makes");
};
/// Gives {epoch, offset, …}, 0 for what is not there.
extern const redis::script_of<check_names> check_script;

/// The event is appended only when somebody watches: when its topic is there.
struct enter_names {
  static constexpr auto keys = redis::names("present", "present_of_node", "meta", "stream", "nodes");
  /// `event`: its beginning, which `member` follows.
  static constexpr auto arguments =
      redis::names(append_arguments, "channel", "event", "id", "node", "member", "topic", "most");
};
/// Gives 1, or 0 when there is no room.
extern const redis::script_of<enter_names> enter_script;

struct leave_names {
  static constexpr auto keys = redis::names("present", "present_of_node", "meta", "stream");
  static constexpr auto arguments = redis::names(append_arguments, "channel", "event", "id", "node", "topic");
};
extern const redis::script_of<leave_names> leave_script;

struct members_names {
  static constexpr auto keys = redis::names("present", "nodes");
  static constexpr auto arguments = redis::names("lease");
};
/// Gives the members.
extern const redis::script_of<members_names> members_script;

struct beat_names {
  static constexpr auto keys = redis::names("nodes");
  /// `channels`: what a topic's channel begins with. `leaves`: 1 when the node leaves.
  static constexpr auto arguments =
      redis::names(append_arguments, "channels", "event", "me", "lease", "prefix", "leaves", "name");
};
/// Gives {1 when the node was known, "node name", "node name", …}, and tells all nodes, by a message of an empty kind, when one has come or
/// gone.
extern const redis::script_of<beat_names> beat_script;

/// The command that finds out whether all of these can be run (redis::access_check).
std::vector<std::string> access_check(const std::string& prefix);

} // namespace swill::detail
