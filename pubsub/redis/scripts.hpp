#pragma once

#include "libswill/redis/script.hpp"

#include <string>
#include <vector>

// What happens in Redis. Each script is one step there. Keys, behind the prefix:
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
// A message's place is its offset, with "/" and the trace-id behind it if it has one. Who reads a number up to its end, as nodes did before
// there were traces, finds the offset in both.
// Epochs and offsets stay below 2^53, which Lua's numbers hold exactly.

namespace swill::detail {

/// KEYS t h k; ARGV as `append` below, then idempotency TTL or "", trace-id or "". Gives {epoch, offset}, and something more when the
/// message was there before.
extern const redis::script publish_script;
/// KEYS t h; ARGV new epoch, ttl, brief ttl, known epoch, known offset. Gives {epoch, place, last or ""}.
extern const redis::script look_script;
/// KEYS t h; ARGV new epoch, ttl, since epoch, since offset, limit, age, length, brief ttl, known epoch, known offset, for how long nobody is
/// believed again who is ahead of the topic (0: nobody is believed), the epoch after that. Gives {epoch, offset, more, place, message, …}.
extern const redis::script history_script;
/// KEYS t h t h …; ARGV for each: new epoch, ttl, brief ttl, known epoch, known offset, "1" to make it when it is not there. Gives {epoch, offset, …}, 0
/// for what is not there.
extern const redis::script check_script;
/// KEYS p n t h (of the events' topic) nodes; ARGV as `append` with the event's beginning for data; then id, node, member, topic, most.
/// Gives 1, or 0 when there is no room. The event is appended only when somebody watches: when its topic is there.
extern const redis::script enter_script;
/// KEYS p n t h; ARGV as `append`; then id, node, topic.
extern const redis::script leave_script;
/// KEYS p nodes; ARGV lease. Gives the members.
extern const redis::script members_script;
/// KEYS nodes; ARGV as `append` (its channel without the topic); then node, lease, prefix, "1" when the node leaves, its name. Gives {1 when
/// the node was known, "node name", "node name", …}, and tells all nodes, by a message of an empty kind, when one has come or gone.
extern const redis::script beat_script;

/// The command that finds out whether all of these can be run (redis::access_check).
std::vector<std::string> access_check(const std::string& prefix);

} // namespace swill::detail
