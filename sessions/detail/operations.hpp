#pragma once

#include "libswill/base/task.hpp"
#include "sessions/detail/session_actor.hpp"

#include <optional>
#include <string>
#include <vector>

// The store's operations for coroutines of any loop of the server.

namespace swill::detail {

task<std::optional<session_record>> load_session(session_service& s, std::string id);
task<session_stamp> save_session(session_service& s, session_record r);
task<session_stamp> rotate_session(session_service& s, std::string old_id, std::string old_user, session_record r);
task<bool> destroy_session(session_service& s, std::string id, std::string user);
task<std::size_t> destroy_sessions_of(session_service& s, std::string user);
task<std::vector<session_record>> list_sessions_of(session_service& s, std::string user);

} // namespace swill::detail
