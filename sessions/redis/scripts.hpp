#pragma once

#include "libswill/redis/script.hpp"

#include <string>
#include <vector>

// What must happen in one step. A stored session begins with 16 hex digits of its version and 16 of the time it was last used (record.hpp).
// Keys are named from the arguments' prefix in some, which Redis Cluster would not allow.

namespace swill::session_scripts {

/// KEYS: session. ARGV: expected version or "" for none, the new value, ms to live or 0. 1; -1: there is none; -2: another version.
const redis::script& save();
/// KEYS: session. ARGV: time of use; the same in decimal ms; ms without use and ms in all after which a session ends, or 0; most values; most
/// bytes of them; then for each change the value's name, what it must be and what it becomes, as MessagePack or "". The session as it is
/// then; -1: there is none; -2: a value is another; -3: too many values; -4: too many bytes.
const redis::script& merge();
/// KEYS: session. ARGV: time of use, ms to live or 0. 1, or 0 when there is none.
const redis::script& touch();
/// KEYS: old session, new session, old user's index or "", new user's or "". ARGV: expected version or "" for none; the new value, its head and
/// the values apart; ms to live or 0; old id, new id, now in ms, ms for the index to live or 0, most sessions of a user, prefix of
/// sessions; then as merge, from "most values" on. 1; when the version is another: as merge.
const redis::script& rotate();
/// KEYS: session, index or "". ARGV: id. How many there were.
const redis::script& destroy();
/// KEYS: index. ARGV: prefix of sessions. How many there were.
const redis::script& destroy_user();
/// KEYS: index. ARGV: prefix of sessions. Ids and values in turn, the oldest first; forgets those that have ended.
const redis::script& list();

/// The command that finds out whether all of these can be run (redis::access_check).
std::vector<std::string> access_check(const std::string& prefix);

} // namespace swill::session_scripts
