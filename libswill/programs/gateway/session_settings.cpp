#include "libswill/programs/gateway/session_settings.hpp"

#include "libswill/programs/options/small_file.hpp"
#include "sessions/redis/redis_store.hpp"
#include "sessions/sessions.hpp"

#include <chrono>
#include <utility>

namespace swill::programs {

void session_settings::add_to(command_line& program) {
  program.add(
      {"--redis", redis_,
       "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], rediss://… for TLS, or unix:///PATH[?db=DATABASE]: keeps "
       "what all nodes share; none: each node for itself, in memory"});
  const auto add_tls = [&](const char* name, std::string& to, const char* text) {
    redis_tls_options_.push_back(program.add({name, to, text}));
  };
  add_tls("--redis-tls-ca", redis_tls_.authority,
          "whose certificate a rediss:// server may have (PEM); none: the system's");
  add_tls("--redis-tls-cert", redis_tls_.identity.certificate, "our own certificate for Redis (PEM)");
  add_tls("--redis-tls-key", redis_tls_.identity.key, "its key (PEM)");
  add_tls("--redis-tls-server-name", redis_tls_.server_name,
          "the name that a rediss:// server's certificate must have; none: the URL's host");
  prefix_option_ =
      program.add({.name = "--redis-prefix", .value = prefix_, .text = "of every key in Redis", .may_be_empty = true});
  const auto add = [&](option o) { session_options_.push_back(program.add(std::move(o))); };
  const auto add_minutes = [&add](const char* name, std::chrono::milliseconds& to, const char* text) {
    add({name, whole_number<std::chrono::minutes>(to, 0, 60L * 24 * 365 * 10), text, "MINUTES"});
  };
  add_minutes("--session-idle", sessions_.idle, "without use, after which a session ends; 0: never");
  add_minutes("--session-absolute", sessions_.absolute,
              "since its begin or the last login, after which a session ends although it is used; 0: never");
  add({"--session-key", key_files_,
       "file with a key that signs session tokens; repeatable: the first signs, all are good"});
  add({"--trust-forwarded-proto", sessions_.trust_forwarded_proto,
       "X-Forwarded-Proto: https or wss counts as TLS; only behind a proxy that sets or removes it"});
}

void session_settings::require_redis() const {
  for (const added_option o : session_options_) require_effect_of_argument(o, !redis_.empty(), "without --redis");
}

std::optional<redis::place> session_settings::redis() const {
  require_effect(prefix_option_, !redis_.empty(), "without --redis");
  std::optional<redis::place> p;
  if (!redis_.empty()) p = redis::place::at(redis_, prefix_);
  for (const added_option o : redis_tls_options_) require_effect(o, p && p->server.tls, "without --redis rediss://…");
  if (!p) return std::nullopt;
  p->server.outages = outages_;
  if (p->server.tls) p->server.tls = redis_tls_;
  return p;
}

std::shared_ptr<sessions> session_settings::make(const std::optional<redis::place>& server) const {
  swill::session_options o = sessions_;
  // A key may consist of any bytes: only the end of a line is none of it.
  for (const std::string& path : key_files_)
    o.signing_keys.push_back(read_secret("--session-key", path, shortest_signing_key, "\r\n"));
  return std::make_shared<sessions>(std::move(o), server ? redis_sessions(*server) : memory_sessions());
}

} // namespace swill::programs
