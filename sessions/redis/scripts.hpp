#pragma once

#include "libswill/redis/script.hpp"

#include <string>
#include <vector>

// What must happen in one step. A stored session begins with 16 hex digits of its version and 16 of the time it was last used (record.hpp).
// Keys are named from the arguments' prefix in some, which Redis Cluster would not allow.

namespace swill::session_scripts {

/// A change of one of a session's values: its name, what it must be and what it becomes, as MessagePack or "".
inline constexpr auto change_arguments = redis::names("name", "before", "after");

struct save_names {
  static constexpr auto keys = redis::names("session");
  /// `version`: the one that must be stored, or "" for none. `ttl`: ms to live, or 0.
  static constexpr auto arguments = redis::names("version", "value", "ttl");
};
/// 1; -1: there is none; -2: another version.
extern const redis::script_of<save_names> save;

struct merge_names {
  static constexpr auto keys = redis::names("session");
  /// `seen`: the time of use; `now`: the same in decimal ms. `idle`, `absolute`: ms without use, and in all, after which a session ends, or 0.
  static constexpr auto arguments = redis::names("seen", "now", "idle", "absolute", "most_values", "most_bytes");
  static constexpr auto each_arguments = change_arguments;
};
/// The session as it is then; -1: there is none; -2: a value is another; -3: too many values; -4: too many bytes.
extern const redis::script_of<merge_names> merge;

struct touch_names {
  static constexpr auto keys = redis::names("session");
  /// `seen`: the time of use. `ttl`: ms to live, or 0.
  static constexpr auto arguments = redis::names("seen", "ttl");
};
/// 1, or 0 when there is none.
extern const redis::script_of<touch_names> touch;

struct rotate_names {
  /// The indexes: those of the old and the new user, or "".
  static constexpr auto keys = redis::names("old_session", "session", "old_index", "index");
  /// As above. `head` and `values` together are the new value; the keys of sessions begin with `sessions`.
  static constexpr auto arguments = redis::names("version", "head", "values", "ttl", "old_id", "id", "now", "absolute",
                                                 "most_sessions", "sessions", "most_values", "most_bytes");
  static constexpr auto each_arguments = change_arguments;
};
/// 1; when the version is another: as merge.
extern const redis::script_of<rotate_names> rotate;

struct destroy_names {
  /// `index`: the user's, or "".
  static constexpr auto keys = redis::names("session", "index");
  static constexpr auto arguments = redis::names("id");
};
/// How many there were.
extern const redis::script_of<destroy_names> destroy;

struct destroy_user_names {
  static constexpr auto keys = redis::names("index");
  static constexpr auto arguments = redis::names("sessions");
};
/// How many there were.
extern const redis::script_of<destroy_user_names> destroy_user;

using list_names = destroy_user_names;
/// Ids and values in turn, the oldest first; forgets those that have ended.
extern const redis::script_of<list_names> list;

/// The command that finds out whether all of these can be run (redis::access_check).
std::vector<std::string> access_check(const std::string& prefix);

} // namespace swill::session_scripts
