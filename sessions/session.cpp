#include "sessions/session.hpp"

#include "libswill/api/connection.hpp"
#include "libswill/base/await.hpp"
#include "libswill/base/random.hpp"
#include "sessions/detail/binding.hpp"
#include "sessions/detail/session_actor.hpp"
#include "sessions/sessions.hpp"

#include <algorithm>
#include <chrono>

namespace swill {

namespace {

/// Pauses of `update`, which grow as long as others are faster.
constexpr std::chrono::milliseconds shortest_pause{2};
constexpr std::chrono::milliseconds longest_pause{200};

bool is_conflict(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const error& what) {
    return what.is(error_code::conflict);
  } catch (...) {
    return false;
  }
}

} // namespace

session::session(sessions& owner, connection* c, detail::session_binding* b, session_record r)
    : owner_(&owner), connection_(c), binding_(b), line_(b != nullptr ? b->line : 0) {
  take(std::move(r));
}

void session::take(session_record r) {
  record_ = std::move(r);
  values_ = detail::read_session_values(record_.data);
  changed_ = false;
}

std::string session::encoded() {
  scratch_.clear();
  detail::write_session_values(scratch_, values_);
  if (scratch_.size() > owner_->options().session_size) throw session_too_large(owner_->options());
  return std::string{as_text(scratch_.view())};
}

std::string session::token() const { return owner_->service_->tokens.token_of(record_.id); }

session_time session::ends() const noexcept {
  return is_new() ? session_time::max() : session_end(owner_->options(), record_.created, record_.seen);
}

// --- Values

const std::string* session::find(std::string_view name) const noexcept {
  const auto it = detail::find_value(values_, name);
  return it != values_.end() ? &it->encoded : nullptr;
}

void session::put(std::string_view name, std::string_view encoded) {
  const auto it = detail::find_value(values_, name);
  if (it != values_.end()) {
    if (it->encoded == encoded) return;
    it->encoded = encoded;
  } else {
    const session_options& o = owner_->options();
    if (values_.size() >= o.values) throw too_many_session_values();
    if (name.size() > o.name_size) throw error{error_code::too_large, "The name of a session's value is too long"};
    values_.push_back({std::string{name}, std::string{encoded}});
  }
  changed_ = true;
}

bool session::erase(std::string_view name) {
  const bool erased = std::erase_if(values_, [name](const detail::session_value& v) { return v.name == name; }) != 0;
  changed_ = changed_ || erased;
  return erased;
}

std::vector<std::string> session::names() const {
  std::vector<std::string> out;
  for (const detail::session_value& v : values_) out.push_back(v.name);
  return out;
}

void session::clear() {
  changed_ = changed_ || !values_.empty();
  values_.clear();
}

// --- The store

detail::session_turns& session::turns() const noexcept { return owner_->service_->updates; }

/// Whether another request of this connection has given it one.
bool session::has_new_id() const noexcept { return is_of_connection() && binding_->id != record_.id; }

/// False once the connection has another session, and for a session that was looked up.
bool session::is_of_connection() const noexcept { return binding_ != nullptr && binding_->line == line_; }

/// Goes along with a session that another request of this connection has given a new id. What was loaded under the old one is still what
/// the changes are told from.
void session::follow() {
  if (binding_ == nullptr) return;
  if (!is_of_connection()) throw session_conflict("The session has ended");
  if (!has_new_id()) return;
  record_.id = binding_->id;
  record_.user = binding_->user;
}

task<void> session::save() {
  while (changed_) {
    follow();
    const bool saved = co_await save_if_nobody_has();
    if (!saved) co_await merge();
  }
}

task<bool> session::save_if_nobody_has() {
  std::string loaded = std::exchange(record_.data, encoded());
  changed_ = false;
  session_stamp stamp;
  std::exception_ptr failure;
  try {
    stamp = co_await owner_->service_->ask<session_stamp>(&session_store::save, record_);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    record_.data = std::move(loaded);
    changed_ = true;
    if (is_conflict(failure)) co_return false;
    std::rethrow_exception(failure);
  }
  record_.version = stamp.version;
  record_.created = stamp.created;
  record_.seen = stamp.seen;
  if (!has_new_id()) tell_connection();
  co_return true;
}

/// Somebody else has saved the session: writes only what was changed here. Nothing happens when it has a new id by now.
task<void> session::merge() {
  const std::string sent = encoded();
  changed_ = false;
  session_record merged;
  std::exception_ptr failure;
  try {
    const session_changes changes = detail::changes_between(record_.data, sent);
    merged = co_await owner_->service_->ask<session_record>(&session_store::merge, record_.id, changes);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    changed_ = true;
    if (is_conflict(failure) && has_new_id()) co_return;
    std::rethrow_exception(failure);
  }
  const session_changes later = changed_ ? detail::changes_between(sent, encoded()) : session_changes{};
  take(std::move(merged));
  if (!has_new_id()) tell_connection();
  changed_ = !later.empty(); // by another coroutine of the request, in between
  if (!detail::apply_changes(values_, later)) throw session_conflict("The session was changed meanwhile");
}

task<void> session::reload() {
  follow();
  auto found = co_await owner_->service_->load(record_.id);
  if (found) {
    take(std::move(*found));
  } else if (!is_new()) {
    throw session_conflict("The session has ended"); // its id must not come to life again
  } else {
    take(new_session(record_.id));
  }
}

task<bool> session::try_save(std::size_t attempt) {
  if (!changed_) co_return true;
  follow();
  const bool saved = co_await save_if_nobody_has();
  if (saved) co_return true;
  if (attempt >= owner_->options().update_attempts) throw session_conflict("The session was changed meanwhile");
  if (attempt == 1) co_return false; // it may have been loaded long ago
  const auto pause = shortest_pause * (1U << std::min<std::size_t>(attempt - 2, 16));
  co_await sleep_for(with_jitter(std::min<std::chrono::microseconds>(pause, longest_pause)));
  co_return false;
}

// --- Identity

task<std::string> session::login(std::string user) {
  if (user.empty()) throw std::invalid_argument("a login needs a user");
  if (user.size() > owner_->options().name_size) throw error{error_code::too_large, "The user's name is too long"};
  return move_to_new_id(std::move(user), true);
}

task<std::string> session::rotate() { return move_to_new_id(record_.user, false); }

task<std::string> session::move_to_new_id(std::string user, bool from_now) {
  if (binding_ != nullptr && !is_of_connection()) throw session_conflict("The session has ended");
  if (has_new_id()) throw session_conflict("The session has a new id");
  session_record next = record_;
  next.id = detail::make_session_id();
  next.user = std::move(user);
  next.data = encoded();
  if (from_now) next.created = {};
  if (binding_ != nullptr) next.previous = binding_->cookie;
  const session_changes changes = detail::changes_between(record_.data, next.data);
  session_record moved =
      co_await owner_->service_->ask<session_record>(&session_store::rotate, record_.id, record_.user, next, changes);
  const bool has_ended = binding_ != nullptr && !is_of_connection();
  take(std::move(moved));
  if (has_ended) { // another request has logged out meanwhile: it wins
    co_await owner_->service_->ask<bool>(&session_store::destroy, record_.id, record_.user);
    throw session_conflict("The session has ended");
  }
  tell_connection();
  co_return token();
}

task<void> session::destroy() {
  if (has_new_id()) follow();
  const bool is_over = binding_ != nullptr && !is_of_connection();
  session_record ended = record_;
  take(new_session(detail::make_session_id()));
  if (is_over) co_return;
  begin_another(); // before this waits: from here on no other request of the connection saves the old one
  std::exception_ptr failure;
  try {
    co_await owner_->service_->ask<bool>(&session_store::destroy, ended.id, ended.user);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  take(std::move(ended)); // it may still be there, and is not to be forgotten
  if (is_of_connection()) begin_another();
  std::rethrow_exception(failure);
}

/// What this object has is another session than before, and from now on the connection's.
void session::begin_another() {
  if (binding_ == nullptr) return;
  line_ = ++binding_->line;
  tell_connection();
}

void session::tell_connection() {
  if (!is_of_connection()) return;
  auto& b = *binding_;
  b.id = record_.id;
  b.stored = !is_new();
  b.unverified = false;
  if (b.user == record_.user) return;
  b.user = record_.user;
  connection_->set_user(record_.user);
}

} // namespace swill
