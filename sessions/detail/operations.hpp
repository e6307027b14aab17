#pragma once

#include "libswill/base/task.hpp"
#include "sessions/detail/session_actor.hpp"

#include <optional>
#include <string>
#include <vector>

// The store's operations for coroutines of any loop of the server.

namespace swill::detail {

/// The first two are of each request, and need no coroutine. What they are given must live until they have answered.
inline completion<std::optional<session_record>> load_session(session_service& s, const std::string& id) {
  const auto start = [&s, &id](completer<std::optional<session_record>> done) { s.load(id, std::move(done)); };
  return completion<std::optional<session_record>>{start};
}
inline completion<session_stamp> save_session(session_service& s, const session_record& r) {
  const auto start = [&s, &r](completer<session_stamp> done) { s.save(r, std::move(done)); };
  return completion<session_stamp>{start};
}
task<session_record> merge_session(session_service& s, std::string id, session_changes c);
task<session_record> rotate_session(session_service& s, std::string old_id, std::string old_user, session_record r,
                                    session_changes c);
task<bool> destroy_session(session_service& s, std::string id, std::string user);
task<std::size_t> destroy_sessions_of(session_service& s, std::string user);
task<std::vector<session_record>> list_sessions_of(session_service& s, std::string user);

} // namespace swill::detail
