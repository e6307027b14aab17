#include "sessions/session.hpp"

#include "libswill/api/connection.hpp"
#include "libswill/wire/reader.hpp"
#include "sessions/detail/binding.hpp"
#include "sessions/detail/operations.hpp"
#include "sessions/sessions.hpp"

#include <algorithm>

namespace swill {

session::session(sessions& owner, connection* c, detail::session_binding* b, session_record r)
    : owner_(&owner), connection_(c), binding_(b) {
  take(std::move(r));
}

/// Values are looked at when they are asked for: here they are only told apart.
void session::take(session_record r) {
  record_ = std::move(r);
  values_.clear();
  changed_ = false;
  if (record_.data.empty()) return;
  wire::reader in{as_bytes(record_.data)};
  std::uint32_t n = 0;
  bool good = in.read_map(n);
  values_.reserve(good ? n : 0); // the reader has seen that so many can be there
  for (; good && n > 0; --n) {
    std::string_view name;
    bytes_view value;
    good = in.read_str(name) && in.read_raw(value, wire::reader::deepest);
    if (good) values_.push_back({std::string{name}, std::string{as_text(value)}});
  }
  if (!good) throw std::runtime_error("a stored session cannot be read");
}

std::string session::encoded() {
  scratch_.clear();
  wire::writer w{scratch_};
  w.map(values_.size());
  for (const entry& e : values_) {
    w.text(e.name);
    w.raw(as_bytes(e.encoded));
  }
  const std::size_t most = owner_->options().session_size;
  if (scratch_.size() > most)
    throw error{error_code::too_large, "A session holds at most " + std::to_string(most) + " bytes"};
  return std::string{as_text(scratch_.view())};
}

std::string session::token() const { return owner_->service_->tokens.token_of(record_.id); }

session_time session::ends() const noexcept {
  const session_options& o = owner_->options();
  session_time end = session_time::max();
  if (is_new()) return end;
  if (o.idle.count() != 0) end = record_.seen + o.idle;
  if (o.absolute.count() != 0) end = std::min(end, record_.created + o.absolute);
  return end;
}

// --- Values

const std::string* session::find(std::string_view name) const noexcept {
  const auto it = std::find_if(values_.begin(), values_.end(), [name](const entry& e) { return e.name == name; });
  return it != values_.end() ? &it->encoded : nullptr;
}

void session::put(std::string_view name, std::string_view encoded) {
  const auto it = std::find_if(values_.begin(), values_.end(), [name](const entry& e) { return e.name == name; });
  if (it != values_.end()) {
    if (it->encoded == encoded) return;
    it->encoded = encoded;
  } else {
    const session_options& o = owner_->options();
    if (values_.size() >= o.values) throw error{error_code::too_large, "Too many values in one session"};
    if (name.size() > o.name_size) throw error{error_code::too_large, "The name of a session's value is too long"};
    values_.push_back({std::string{name}, std::string{encoded}});
  }
  changed_ = true;
}

bool session::erase(std::string_view name) {
  const bool erased = std::erase_if(values_, [name](const entry& e) { return e.name == name; }) != 0;
  changed_ = changed_ || erased;
  return erased;
}

std::vector<std::string> session::names() const {
  std::vector<std::string> out;
  for (const entry& e : values_) out.push_back(e.name);
  return out;
}

void session::clear() {
  changed_ = changed_ || !values_.empty();
  values_.clear();
}

// --- The store

task<void> session::save() {
  if (!changed_) co_return;
  if (binding_ != nullptr && binding_->id != record_.id) throw session_conflict("The session has a new id");
  record_.data = encoded();
  changed_ = false;
  session_stamp stamp;
  try {
    stamp = co_await detail::save_session(*owner_->service_, record_);
  } catch (...) {
    changed_ = true;
    throw;
  }
  record_.version = stamp.version;
  record_.created = stamp.created;
  record_.seen = stamp.seen;
  tell_connection();
}

task<void> session::reload() {
  auto found = co_await detail::load_session(*owner_->service_, record_.id);
  if (found) {
    take(std::move(*found));
  } else if (!is_new()) {
    throw session_conflict("The session has ended"); // its id must not come to life again
  } else {
    session_record empty;
    empty.id = record_.id;
    take(std::move(empty));
  }
}

task<bool> session::try_save(std::size_t attempt) {
  try {
    co_await save();
  } catch (const error& e) {
    if (e.code != static_cast<std::int64_t>(error_code::conflict) || attempt >= owner_->options().update_attempts)
      throw;
    co_return false;
  }
  co_return true;
}

// --- Identity

task<std::string> session::login(std::string user) {
  if (user.empty()) throw std::invalid_argument("a login needs a user");
  if (user.size() > owner_->options().name_size) throw error{error_code::too_large, "The user's name is too long"};
  return move_to_new_id(std::move(user), true);
}

task<std::string> session::rotate() { return move_to_new_id(record_.user, false); }

task<std::string> session::move_to_new_id(std::string user, bool from_now) {
  session_record next = record_;
  next.id = detail::make_session_id();
  next.user = std::move(user);
  next.data = encoded();
  if (from_now) next.created = {};
  if (binding_ != nullptr) next.previous = binding_->cookie;
  const session_stamp stamp = co_await detail::rotate_session(*owner_->service_, record_.id, record_.user, next);
  next.version = stamp.version;
  next.created = stamp.created;
  next.seen = stamp.seen;
  record_ = std::move(next);
  changed_ = false;
  tell_connection();
  co_return token();
}

task<void> session::destroy() {
  if (!is_new()) co_await detail::destroy_session(*owner_->service_, record_.id, record_.user);
  session_record empty;
  empty.id = detail::make_session_id();
  take(std::move(empty));
  tell_connection();
}

void session::tell_connection() {
  if (binding_ == nullptr) return;
  auto& b = *binding_;
  b.id = record_.id;
  b.stored = !is_new();
  b.unverified = false;
  if (b.user == record_.user) return;
  b.user = record_.user;
  connection_->set_user(record_.user);
}

} // namespace swill
