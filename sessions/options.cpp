#include "sessions/options.hpp"

namespace swill {

void check(const session_options& o, mistake_list& out) {
  if (!o.cookie && !o.bearer && o.query.empty() && o.metadata.empty()) {
    out.add("session_options",
            "no client can show a session: cookie and bearer are off, query and metadata are empty; one of them "
            "would be right");
  }
  out.check_time("session_options.idle", o.idle);
  out.check_time("session_options.absolute", o.absolute);
  out.check_time("session_options.touch_interval", o.touch_interval);
  out.check_size("session_options.session_size", o.session_size, 1);
  out.check_size("session_options.values", o.values, 1);
  out.check_size("session_options.name_size", o.name_size, 1);
  out.check_size("session_options.sessions_per_user", o.sessions_per_user, 1);
  out.check_size("session_options.sessions", o.sessions, 1);
  out.check_size("session_options.update_attempts", o.update_attempts, 1);
}

} // namespace swill
