#include "apps/gateway/session_options.hpp"

#include "apps/common/option_values.hpp"
#include "apps/common/small_file.hpp"
#include "sessions/redis/redis_store.hpp"
#include "sessions/sessions.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <memory>

namespace swill::gateway {

namespace {

task<int> count_visits(request<> r) {
  session& s = co_await r.context().session();
  const int visits = s.get<int>("visits").value_or(0) + 1;
  s.set("visits", visits); // saved before the answer leaves
  co_return visits;
}

} // namespace

void session_options::add_to(CLI::App& program) {
  program
      .add_option("--redis", redis_,
                  "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE] or unix:///PATH[?db=DATABASE]: keeps what all nodes "
                  "share; none: each node for itself, in memory")
      ->envname("SWILL_REDIS");
  program.add_option("--redis-prefix", prefix_, "of every key in Redis")
      ->envname("SWILL_REDIS_PREFIX")
      ->check(apps::may_be_empty())
      ->capture_default_str();
  prefix_option_ = program.get_option("--redis-prefix");
  const auto add_minutes = [&program](const char* name, const char* env, std::chrono::milliseconds& to,
                                      const char* what) {
    program
        .add_option_function<long>(
            name, [&to](const long& minutes) { to = std::chrono::minutes{minutes}; }, what)
        ->envname(env)
        ->type_name("MINUTES")
        ->check(apps::whole_number(0, 60L * 24 * 365 * 10))
        ->default_str(std::to_string(std::chrono::duration_cast<std::chrono::minutes>(to).count()));
  };
  add_minutes("--session-idle", "SWILL_SESSION_IDLE", sessions_.idle,
              "without use, after which a session ends; 0: never");
  add_minutes("--session-absolute", "SWILL_SESSION_ABSOLUTE", sessions_.absolute,
              "since its begin or the last login, after which a session ends although it is used; 0: never");
  program
      .add_option("--session-key", key_files_,
                  "file with a key that signs session tokens; repeatable: the first signs, all are good")
      ->envname("SWILL_SESSION_KEY")
      ->delimiter(',')
      ->take_all();
  program
      .add_flag("--trust-forwarded-proto", sessions_.trust_forwarded_proto,
                "X-Forwarded-Proto: https or wss counts as TLS; only behind a proxy that sets or removes it")
      ->envname("SWILL_TRUST_FORWARDED_PROTO");
}

std::optional<redis::place> session_options::redis() const {
  apps::require_effect(prefix_option_, !redis_.empty(), "without --redis");
  if (redis_.empty()) return std::nullopt;
  redis::place p = redis::place::at(redis_, prefix_);
  p.server.outages = outages_;
  return p;
}

void session_options::apply(app& a) const {
  swill::session_options o = sessions_;
  // A key may consist of any bytes: only the end of a line is none of it.
  for (const std::string& path : key_files_)
    o.signing_keys.push_back(apps::read_secret("--session-key", path, 1, "\r\n"));
  const auto server = redis();
  a.use(std::make_shared<sessions>(std::move(o), server ? redis_sessions(*server) : memory_sessions()));
  a.handle("example.visits", count_visits, {.doc = "How often this session has asked"});
}

} // namespace swill::gateway
