#pragma once

#include "libswill/base/log_limiter.hpp"
#include "libswill/redis/options.hpp"
#include "sessions/store.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace swill {

namespace redis {
class client;
class reply;
} // namespace redis

/// What sessions in Redis need beside session_options; each loop has a connection of its own. Sessions are strings at PREFIX + "s:" + id, with
/// Redis' own expiry; a user's sessions are in a sorted set at PREFIX + "u:" + user.
using redis_session_options = redis::place;

/// Sessions in Redis, known to all nodes that use the same server, database and prefix. Redis Cluster is not supported: a script touches
/// keys of one session and its user.
session_backend redis_sessions(redis_session_options o);

/// Sessions in Redis over one connection. Loading is one command, saving is one; those of one turn of the loop leave together. Times
/// are this node's clock, but for the expiry, which is counted by Redis.
class redis_store final : public session_store {
public:
  /// `errors` is for what Redis refuses; the stores of one server share it.
  redis_store(swill::loop& l, const session_options& o, redis_session_options r, const log_sink* log,
              std::shared_ptr<log_limiter> errors);
  redis_store(swill::loop& l, const session_options& o, redis_session_options r, const log_sink* log)
      : redis_store(l, o, std::move(r), log, std::make_shared<log_limiter>(log, log_room::sessions)) {}
  ~redis_store() override;

  void start(std::function<void()> ready) override;
  void close(std::function<void()> done) override;
  void load(std::string id, store_answer<std::optional<session_record>> f) override;
  void save(const session_record& r, store_answer<session_stamp> f) override;
  void merge(const std::string& id, const session_changes& c, store_answer<session_record> f) override;
  void touch(const std::string& id, store_answer<bool> f) override;
  void rotate(const std::string& old_id, const std::string& old_user, const session_record& r, const session_changes& c,
              store_answer<session_record> f) override;
  void destroy(const std::string& id, const std::string& user, store_answer<bool> f) override;
  void destroy_user(const std::string& user, store_answer<std::size_t> f) override;
  void list(const std::string& user, store_answer<std::vector<session_record>> f) override;

private:
  struct encoded;
  /// The key of a session: the view stays valid until the next call of key() or encode().
  std::string_view key(const std::string& id) {
    key_.resize(sessions_.size());
    return key_ += id;
  }
  std::string index(const std::string& user) const { return user.empty() ? std::string{} : users_ + user; }
  encoded encode(const session_record& r);
  /// What a caller is told. What Redis refused is for the log.
  error seen_error(const error& e);
  /// As seen_error, for a script that may have done what it is for before it was refused.
  error open_error(const error& e);
  result<session_record> stored_record(std::string id, std::string_view stored);
  error refusal(const redis::reply& r);

  const session_options options_;
  const std::string sessions_;
  const std::string users_;
  std::string key_;
  buffer value_;
  limited_log errors_;
  std::unique_ptr<redis::client> client_;
};

} // namespace swill
