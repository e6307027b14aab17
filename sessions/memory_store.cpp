#include "sessions/memory_store.hpp"

#include "sessions/detail/values.hpp"

#include <algorithm>

namespace swill {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

session_time session_end(const session_options& o, session_time created, session_time seen) noexcept {
  session_time end = session_time::max();
  if (o.idle.count() != 0) end = seen + o.idle;
  if (o.absolute.count() != 0) end = std::min(end, created + o.absolute);
  return end;
}

error session_conflict(const char* why) { return errors::conflict(why); }
error session_too_large(const session_options& o) {
  return {error_code::too_large, "A session holds at most " + std::to_string(o.session_size) + " bytes"};
}

error too_many_session_values() { return {error_code::too_large, "Too many values in one session"}; }

session_backend memory_sessions() {
  session_backend b;
  b.make = [](loop& l, const session_options& o, const log_sink*) { return std::make_unique<memory_store>(l, o); };
  return b;
}

memory_store::memory_store(swill::loop& l, const session_options& o)
    : loop_(l),
      options_(o),
      epoch_(std::chrono::system_clock::now().time_since_epoch() - loop_.now().time_since_epoch()) {}

session_time memory_store::now() const noexcept {
  return session_time{duration_cast<milliseconds>(loop_.now().time_since_epoch() + epoch_)};
}

void memory_store::start(std::function<void()> ready) { ready(); }

void memory_store::close(std::function<void()> done) {
  timer::cancel();
  done();
}

// --- The table

memory_store::entry* memory_store::find(const std::string& id) {
  const auto it = all_.find(id);
  if (it == all_.end()) return nullptr;
  if (it->second.ends > now()) return &it->second;
  erase(id);
  return nullptr;
}

void memory_store::forget(const entry& e) {
  by_end_.erase({e.ends, e.record.id});
  const auto it = by_user_.find(e.record.user);
  if (it == by_user_.end()) return;
  it->second.erase(e.order);
  if (it->second.empty()) by_user_.erase(it);
}

bool memory_store::erase(const std::string& id) {
  const auto it = all_.find(id);
  if (it == all_.end()) return false;
  forget(it->second);
  all_.erase(it);
  return true;
}

/// `seen` has changed.
void memory_store::use(entry& e) {
  by_end_.erase({e.ends, e.record.id});
  e.record.seen = now();
  e.ends = session_end(options_, e.record.created, e.record.seen);
  if (e.ends == session_time::max()) return;
  by_end_.emplace(e.ends, e.record.id);
  arm();
}

std::optional<error> memory_store::refusal(const std::string& id, std::uint64_t version) {
  const entry* e = find(id);
  if (e == nullptr && version != 0) return session_conflict("The session has ended");
  if (e != nullptr && e->record.version != version) return session_conflict("The session was changed meanwhile");
  if (e == nullptr && all_.size() >= options_.sessions) return errors::unavailable("Too many sessions");
  return std::nullopt;
}

/// The stored values with the changes made.
result<std::string> memory_store::merged(const session_record& stored, const session_changes& c) const {
  detail::session_values all = detail::read_session_values(stored.data);
  if (!detail::apply_changes(all, c)) return session_conflict("The session was changed meanwhile");
  if (all.size() > options_.values) return too_many_session_values();
  buffer data;
  detail::write_session_values(data, all);
  if (data.size() > options_.session_size) return session_too_large(options_);
  return std::string{as_text(data.view())};
}

const session_record& memory_store::put(session_record r) {
  const std::string id = r.id;
  entry& e = all_[id];
  if (e.order == 0) e.order = ++last_order_;
  if (++r.version == 1 || r.created == session_time{}) r.created = now();
  e.record = std::move(r);
  use(e);
  if (!e.record.user.empty()) by_user_[e.record.user].emplace(e.order, id);
  return e.record;
}

void memory_store::bound_sessions_of(const std::string& user) {
  const auto it = by_user_.find(user);
  if (it == by_user_.end()) return;
  for (std::size_t n = it->second.size(); n > std::max<std::size_t>(options_.sessions_per_user, 1); --n) {
    erase(std::string{it->second.begin()->second}); // never the last of them, so `it` stays
  }
}

// --- Operations

void memory_store::load(std::string id, store_answer<std::optional<session_record>> f) {
  const entry* e = find(id);
  if (e == nullptr) return f(std::optional<session_record>{});
  std::optional<session_record> found{e->record};
  found->loaded = now();
  f(std::move(found));
}

void memory_store::save(const session_record& r, store_answer<session_stamp> f) {
  if (auto e = refusal(r.id, r.version)) return f(std::move(*e));
  const session_record& stored = put(r);
  f(session_stamp{stored.version, stored.created, stored.seen});
}

void memory_store::merge(const std::string& id, const session_changes& c, store_answer<session_record> f) {
  const entry* e = find(id);
  if (e == nullptr) return f(session_conflict("The session has ended"));
  result<std::string> data = merged(e->record, c);
  if (!data) return f(data.error());
  session_record next = e->record;
  next.data = std::move(*data);
  f(session_record{put(std::move(next))});
}

void memory_store::touch(const std::string& id, store_answer<bool> f) {
  entry* e = find(id);
  if (e != nullptr) use(*e);
  f(e != nullptr);
}

void memory_store::rotate(const std::string& old_id, const std::string&, const session_record& r,
                          const session_changes& c, store_answer<session_record> f) {
  session_record next = r;
  if (const entry* old = find(old_id); old != nullptr && old->record.version != r.version) {
    result<std::string> data = merged(old->record, c);
    if (!data) return f(data.error());
    next.data = std::move(*data);
    next.version = old->record.version;
  }
  if (auto e = refusal(old_id, next.version)) return f(std::move(*e));
  if (find(r.id) != nullptr) return f(session_conflict("Two sessions of one id"));
  erase(old_id);
  session_record stored = put(std::move(next));
  bound_sessions_of(r.user);
  f(std::move(stored));
}

void memory_store::destroy(const std::string& id, const std::string&, store_answer<bool> f) {
  const bool was_there = find(id) != nullptr;
  erase(id);
  f(was_there);
}

void memory_store::destroy_user(const std::string& user, store_answer<std::size_t> f) {
  std::size_t n = 0;
  if (const auto it = by_user_.find(user); it != by_user_.end()) {
    const auto gone = it->second;
    for (const auto& of_user : gone) {
      n += find(of_user.second) != nullptr ? 1 : 0;
      erase(of_user.second);
    }
  }
  f(n);
}

void memory_store::list(const std::string& user, store_answer<std::vector<session_record>> f) {
  std::vector<session_record> out;
  if (const auto it = by_user_.find(user); it != by_user_.end()) {
    const auto some = it->second;
    for (const auto& of_user : some) {
      if (const entry* e = find(of_user.second)) out.push_back(e->record);
    }
  }
  f(std::move(out));
}

// --- The end of sessions

void memory_store::arm() {
  if (by_end_.empty()) return;
  const clock_time due{duration_cast<clock_duration>(by_end_.begin()->first.time_since_epoch() - epoch_) +
                       milliseconds{1}};
  if (!is_set() || due < timer::due()) loop_.set_timer(*this, due);
}

void memory_store::on_timer() {
  // A bounded number at a time: others wait for this thread.
  for (int n = 0; n < 1000 && !by_end_.empty() && by_end_.begin()->first <= now(); ++n) {
    erase(std::string{by_end_.begin()->second});
  }
  arm();
}

} // namespace swill
