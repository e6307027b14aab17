#pragma once

#include "sessions/record.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

// The values of a session, apart from the object that handlers see: stores and that object share how they are written and merged.

namespace swill::detail {

struct session_value {
  std::string name;
  std::string encoded; ///< MessagePack
};
using session_values = std::vector<session_value>;

/// The value of that name; end() when there is none.
template <class Values>
auto find_value(Values& all, std::string_view name) {
  return std::find_if(all.begin(), all.end(), [name](const session_value& v) { return v.name == name; });
}

/// The values in session_record::data. They are only told apart here: what a value holds is looked at when it is asked for. Throws
/// std::runtime_error for what is no such map.
session_values read_session_values(std::string_view data);
/// Appends the map for session_record::data.
void write_session_values(buffer& out, const session_values& all);

/// What makes `after` out of `before`, both as in session_record::data: one change for each name whose value differs.
session_changes changes_between(std::string_view before, std::string_view after);
/// Makes the changes; false when a value is not the one that its change expects. `to` is then of no use any more.
bool apply_changes(session_values& to, const session_changes& changes);

} // namespace swill::detail
