#include "sessions/detail/operations.hpp"

namespace swill::detail {

task<session_record> merge_session(session_service& s, std::string id, session_changes c) {
  const auto start = [&](completer<session_record> done) {
    s.submit(session_merge{std::move(id), std::move(c), std::move(done)});
  };
  co_return co_await completion<session_record>{start};
}

task<session_record> rotate_session(session_service& s, std::string old_id, std::string old_user, session_record r,
                                    session_changes c) {
  const auto start = [&](completer<session_record> done) {
    s.submit(session_rotate{std::move(old_id), std::move(old_user), std::move(r), std::move(c), std::move(done)});
  };
  co_return co_await completion<session_record>{start};
}

task<bool> destroy_session(session_service& s, std::string id, std::string user) {
  const auto start = [&](completer<bool> done) {
    s.submit(session_destroy{std::move(id), std::move(user), std::move(done)});
  };
  co_return co_await completion<bool>{start};
}

task<std::size_t> destroy_sessions_of(session_service& s, std::string user) {
  const auto start = [&](completer<std::size_t> done) {
    s.submit(session_destroy_user{std::move(user), std::move(done)});
  };
  co_return co_await completion<std::size_t>{start};
}

task<std::vector<session_record>> list_sessions_of(session_service& s, std::string user) {
  const auto start = [&](completer<std::vector<session_record>> done) {
    s.submit(session_list{std::move(user), std::move(done)});
  };
  co_return co_await completion<std::vector<session_record>>{start};
}

} // namespace swill::detail
