#include "sessions/redis/redis_store.hpp"

#include "libswill/base/printable.hpp"
#include "libswill/redis/client.hpp"
#include "libswill/redis/outage_log.hpp"
#include "libswill/wire/writer.hpp"
#include "sessions/redis/scripts.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <vector>

namespace swill {

using std::chrono::milliseconds;

/// A record on its way to Redis.
struct redis_store::encoded {
  session_stamp stamp;
  std::array<char, 16> version;
  bool is_new;
  std::string_view value;
  std::int64_t lifetime; ///< ms, or 0

  /// The version that must be stored, or "".
  std::string_view expected() const noexcept {
    return is_new ? std::string_view{} : std::string_view{version.data(), version.size()};
  }
};

namespace {

/// The stores of one server share what limits their log; each is made on a loop of its own.
class shared_limiter {
public:
  std::shared_ptr<log_limiter> of(const log_sink* log) {
    const std::lock_guard lock{mutex_};
    auto limiter = limiter_.lock();
    if (!limiter) limiter_ = limiter = std::make_shared<log_limiter>(log, log_room::sessions);
    return limiter;
  }

private:
  std::mutex mutex_;
  std::weak_ptr<log_limiter> limiter_;
};

session_time wall_clock() noexcept {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

milliseconds lifetime_of(const session_options& o, session_time created, session_time now) {
  const session_time end = session_end(o, created, now);
  return end == session_time::max() ? milliseconds{0} : std::max(end - now, milliseconds{1});
}

template <class Call>
void add_changes(Call& call, const session_changes& all) {
  for (const session_change& c : all) {
    buffer name;
    wire::writer{name}.text(c.name); // as the stored map has it
    auto change = call.add();
    change.set("name", as_text(name.view()));
    change.set("before", c.before);
    change.set("after", c.after);
  }
}

/// The time of a use, as a session is stored with it.
std::string seen_text(session_time at) {
  const auto digits = session_number(static_cast<std::uint64_t>(at.time_since_epoch().count()));
  return {digits.data(), digits.size()};
}

} // namespace

session_backend redis_sessions(redis_session_options o) {
  session_backend b;
  b.one_per_loop = true;
  if (o.server.used_for.empty()) o.server.used_for = "sessions";
  o.server.outages->add_user(o.server.used_for);
  b.check = [server = o.server](mistake_list& out) { redis::check(server, out); };
  b.is_up = [outages = o.server.outages] { return outages->is_up(); };
  b.make = [o = std::move(o), errors = std::make_shared<shared_limiter>()](loop& l, const session_options& s,
                                                                           const log_sink* log) {
    return std::make_unique<redis_store>(l, s, o, log, errors->of(log));
  };
  return b;
}

redis_store::redis_store(swill::loop& l, const session_options& o, redis_session_options r, const log_sink* log,
                         std::shared_ptr<log_limiter> errors)
    : options_(o),
      sessions_(r.prefix + "s:"),
      users_(r.prefix + "u:"),
      key_(sessions_),
      errors_(l, std::move(errors)),
      client_(std::make_unique<redis::client>(l, std::move(r.server), log)) {
  client_->set_check(session_scripts::access_check(r.prefix));
}

redis_store::~redis_store() = default;

void redis_store::start(std::function<void()> ready) {
  client_->on_state([ready = std::move(ready)](bool) mutable {
    if (const auto first = std::exchange(ready, nullptr)) first();
  });
  client_->start();
}

void redis_store::close(std::function<void()> done) { client_->close(std::move(done)); }

redis_store::encoded redis_store::encode(const session_record& r) {
  encoded out;
  out.version = session_number(r.version);
  out.is_new = r.version == 0;
  out.stamp = {r.version + 1, r.created, wall_clock()};
  if (r.version == 0 || r.created == session_time{}) out.stamp.created = out.stamp.seen;
  value_.clear();
  encode_session(value_, r, out.stamp);
  out.value = as_text(value_.view());
  out.lifetime = lifetime_of(options_, out.stamp.created, out.stamp.seen).count();
  return out;
}

error redis_store::seen_error(const error& e) {
  error told = open_error(e);
  return e.is(error_code::unavailable) ? std::move(told) : errors::internal();
}

error redis_store::open_error(const error& e) {
  if (const auto* said = e.data.find<std::string>("redis"))
    errors_.write(log_level::error, redis::refusal_word(*said), "sessions: Redis answered " + printable(*said));
  return errors::unavailable("The sessions are not there now");
}

void redis_store::load(std::string id, store_answer<std::optional<session_record>> f) {
  const std::string_view k = key(id);
  client_->command(
      {"GET", k},
      [this, id = std::move(id), f = std::move(f)](result<redis::reply> r) mutable {
        if (!r) return f(seen_error(r.error()));
        if (r->is_nil()) return f(std::optional<session_record>{});
        auto found = stored_record(std::move(id), r->text());
        if (!found) return f(found.error());
        found->loaded = wall_clock();
        f(std::optional{std::move(*found)});
      },
      redis::is_text_or_nil);
}

/// Why a script has changed nothing.
error redis_store::refusal(const redis::reply& r) {
  switch (r.integer()) {
    case -1: return session_conflict("The session has ended");
    case -2: return session_conflict("The session was changed meanwhile");
    case -3: return too_many_session_values();
    case -4: return session_too_large(options_);
    default: break;
  }
  errors_.write(log_level::error, "never", "sessions: Redis has answered a script with what it never gives");
  return errors::internal();
}

result<session_record> redis_store::stored_record(std::string id, std::string_view stored) {
  auto found = decode_session(std::move(id), stored);
  if (found) return std::move(*found);
  errors_.write(log_level::error, "none", "sessions: what is stored under a session's key is none");
  return errors::internal();
}

void redis_store::save(const session_record& r, store_answer<session_stamp> f) {
  const encoded e = encode(r);
  redis::script_call call{session_scripts::save};
  call.set("session", key(r.id));
  call.set("version", e.expected());
  call.set("value", e.value);
  call.set("ttl", e.lifetime);
  call.run(*client_, [this, stamp = e.stamp, f = std::move(f)](result<redis::reply> reply) {
    if (!reply) return f(open_error(reply.error()));
    if (reply->integer() != 1) return f(refusal(*reply));
    f(stamp);
  });
}

void redis_store::merge(const std::string& id, const session_changes& c, store_answer<session_record> f) {
  const session_time at = wall_clock();
  redis::script_call call{session_scripts::merge};
  call.set("session", key(id));
  call.set("seen", seen_text(at));
  call.set("now", at.time_since_epoch().count());
  call.set("idle", options_.idle.count());
  call.set("absolute", options_.absolute.count());
  call.set("most_values", options_.values);
  call.set("most_bytes", options_.session_size);
  add_changes(call, c);
  call.run(*client_, [this, id, f = std::move(f)](result<redis::reply> reply) mutable {
    if (!reply) return f(open_error(reply.error()));
    if (!reply->is_text()) return f(refusal(*reply));
    f(stored_record(std::move(id), reply->text()));
  });
}

void redis_store::touch(const std::string& id, store_answer<bool> f) {
  // Without `created` at hand the end since then cannot be told: so it is looked at first.
  load(id, [this, id, f = std::move(f)](result<std::optional<session_record>> found) mutable {
    if (!found) return f(found.error());
    if (!*found) return f(false);
    const session_time at = wall_clock();
    redis::script_call call{session_scripts::touch};
    call.set("session", key(id));
    call.set("seen", seen_text(at));
    call.set("ttl", lifetime_of(options_, (*found)->created, at).count());
    call.run(*client_, [this, f = std::move(f)](result<redis::reply> reply) {
      if (!reply) return f(open_error(reply.error()));
      f(reply->integer() == 1);
    });
  });
}

void redis_store::rotate(const std::string& old_id, const std::string& old_user, const session_record& r,
                         const session_changes& c, store_answer<session_record> f) {
  const encoded e = encode(r);
  redis::script_call call{session_scripts::rotate};
  call.set("session", key(r.id));
  call.set("old_session", key(old_id));
  call.set("index", index(r.user));
  call.set("old_index", index(old_user));
  call.set("id", r.id);
  call.set("old_id", old_id);
  call.set("version", e.expected());
  call.set("head", e.value.substr(0, e.value.size() - r.data.size()));
  call.set("values", r.data);
  call.set("ttl", e.lifetime);
  call.set("now", e.stamp.created.time_since_epoch().count());
  call.set("absolute", options_.absolute.count());
  call.set("sessions", sessions_);
  call.set("most_sessions", std::max<std::size_t>(options_.sessions_per_user, 1));
  call.set("most_values", options_.values);
  call.set("most_bytes", options_.session_size);
  add_changes(call, c);
  session_record next = r;
  next.version = e.stamp.version;
  next.created = e.stamp.created;
  next.seen = e.stamp.seen;
  call.run(*client_, [this, next = std::move(next), f = std::move(f)](result<redis::reply> reply) mutable {
    if (!reply) return f(open_error(reply.error()));
    if (reply->is_text()) return f(stored_record(std::move(next.id), reply->text()));
    if (reply->integer() != 1) return f(refusal(*reply));
    f(std::move(next));
  });
}

void redis_store::destroy(const std::string& id, const std::string& user, store_answer<bool> f) {
  redis::script_call call{session_scripts::destroy};
  call.set("session", key(id));
  call.set("index", index(user));
  call.set("id", id);
  call.run(*client_, [this, f = std::move(f)](result<redis::reply> reply) {
    if (!reply) return f(open_error(reply.error()));
    f(reply->integer() != 0);
  });
}

void redis_store::destroy_user(const std::string& user, store_answer<std::size_t> f) {
  if (user.empty()) return f(std::size_t{0});
  redis::script_call call{session_scripts::destroy_user};
  call.set("index", index(user));
  call.set("sessions", sessions_);
  call.run(*client_, [this, f = std::move(f)](result<redis::reply> reply) {
    if (!reply) return f(open_error(reply.error()));
    f(static_cast<std::size_t>(reply->integer()));
  });
}

void redis_store::list(const std::string& user, store_answer<std::vector<session_record>> f) {
  if (user.empty()) return f(std::vector<session_record>{});
  redis::script_call call{session_scripts::list};
  call.set("index", index(user));
  call.set("sessions", sessions_);
  call.run(*client_, [this, f = std::move(f)](result<redis::reply> reply) {
    if (!reply) return f(seen_error(reply.error()));
    std::vector<session_record> out;
    for (std::size_t i = 0; i + 1 < reply->size(); i += 2) {
      if (auto r = decode_session(std::string{(*reply)[i].text()}, (*reply)[i + 1].text()))
        out.push_back(std::move(*r));
    }
    f(std::move(out));
  });
}

} // namespace swill
