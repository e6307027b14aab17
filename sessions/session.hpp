#pragma once

#include "libswill/api/types/codec.hpp"
#include "libswill/base/task.hpp"
#include "libswill/base/temporaries.hpp"
#include "sessions/detail/turns.hpp"
#include "sessions/detail/values.hpp"
#include "sessions/record.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace swill {

class connection;
class sessions;
namespace detail {
struct session_binding;
}

/// One session as handlers and hooks see it: named typed values of a client, across its connections and, with a store behind Redis, across
/// nodes. Changes are in this object until they are saved: at the end of the request, before its last envelope, or by save(). Requests that
/// change different values of one session at a time do not disturb each other. Used by one request, on its thread. What waits goes on
/// with `cancelled` when the request is cancelled; the store may carry it out all the same.
///
/// Errors of what waits: 409 (retryable) when somebody else has, since the session was loaded, changed a value that this object changes,
/// or given the session a new id, or ended it; 503 (retryable) when the store is not there; 413 beyond a limit of session_options.
class session {
public:
  session(sessions& owner, connection* c, detail::session_binding* b, session_record r);
  session(session&&) = default;

  /// What the client shows to have this session again. A secret.
  std::string token() const;
  const std::string& id() const noexcept { return record_.id; }
  /// Who has logged in; empty: nobody.
  const std::string& user() const noexcept { return record_.user; }
  /// Nothing of it is stored yet.
  bool is_new() const noexcept { return record_.version == 0; }
  std::uint64_t version() const noexcept { return record_.version; }
  session_time created() const noexcept { return record_.created; }
  session_time seen() const noexcept { return record_.seen; }
  /// When it ends if it is not used before; session_time::max(): never.
  session_time ends() const noexcept;

  // --- Values
  /// The value under a name; empty when there is none. Throws std::runtime_error (so a bland 500) when it is no T.
  template <class T>
  std::optional<T> get(std::string_view name) const {
    const std::string* encoded = find(name);
    if (encoded == nullptr) return std::nullopt;
    T out{};
    std::optional<error> failure;
    if (!decode_message(as_bytes(*encoded), limits{}, out, failure))
      throw std::runtime_error("the session's value \"" + std::string{name} + "\" is of another type");
    return out;
  }
  /// Sets or replaces. Throws encode_error for what has no form in MessagePack.
  template <class T>
  void set(std::string_view name, const T& v) {
    scratch_.clear();
    wire::writer w{scratch_};
    encode_message(w, detail::to_message(v));
    put(name, as_text(scratch_.view()));
  }
  void set(std::string_view name, const char* text) { set(name, std::string{text}); }
  bool erase(std::string_view name);
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  std::vector<std::string> names() const;
  void clear();
  bool has_changed() const noexcept { return changed_; }

  // --- The store
  /// Saves now, when something has changed. What others have saved since the session was loaded stays, and is seen here afterwards: only the
  /// names that were set or erased here are written, and 409 tells that somebody else has changed one of them. A value that was only
  /// read may have changed meanwhile: what depends on it belongs into update().
  task<void> save();
  /// Drops what has not been saved and loads again; nothing is left of a session that has ended.
  task<void> reload();
  /// `auto add = [](session& s) { … }; co_await s.update(add);`: calls f, saves, and does both again on fresh data as long as others save
  /// anything in between (session_options::update_attempts times, with growing and partly random pauses). So f may run several times, and
  /// what it reads is what the session holds when it is saved. On one node the updates of a session go one after the other, in the order
  /// in which they were called. Throws std::logic_error when there are changes that were not saved.
  template <class F>
  task<void> update(F&& f) {
    static_assert(
        !detail::fragile_function<F>,
        "g++ 12 would destroy this lambda twice; name it first: auto add = [...] {...}; co_await s.update(add);");
    return update_by<std::decay_t<F>>(std::forward<F>(f));
  }

  // --- Identity. Done at once, whatever becomes of the request; unsaved changes are saved with it.
  /// The client has shown to be this user: from now on the session is theirs, under a new id; the old one is dead at once, so nobody else
  /// who knew it comes along. Gives the new token, for the client. Also sets the connection's user.
  task<std::string> login(std::string user);
  /// A new id for the same session.
  task<std::string> rotate();
  /// Ends it, here and everywhere; what is left is a new, empty one without a user.
  task<void> destroy();

private:
  template <class F>
  task<void> update_by(F f) {
    if (changed_) throw std::logic_error("save() before update()");
    detail::session_turns::turn mine{turns(), record_.id};
    const bool waited = co_await mine.begin();
    if (waited || has_new_id()) co_await reload();
    for (std::size_t n = 1;; ++n) {
      f(*this);
      const bool saved = co_await try_save(n);
      if (saved) co_return;
      co_await reload();
    }
  }

  const std::string* find(std::string_view name) const noexcept;
  void put(std::string_view name, std::string_view encoded);
  void take(session_record r);
  std::string encoded();
  detail::session_turns& turns() const noexcept;
  bool has_new_id() const noexcept;
  bool is_of_connection() const noexcept;
  void follow();
  /// False for a conflict.
  task<bool> save_if_nobody_has();
  task<void> merge();
  void begin_another();
  /// Gives false, after a pause, for a conflict that is worth another attempt.
  task<bool> try_save(std::size_t attempt);
  task<std::string> move_to_new_id(std::string user, bool from_now);
  void tell_connection();

  sessions* owner_;
  connection* connection_;           ///< whose session this is; null for one that was looked up
  detail::session_binding* binding_; ///< the connection's
  std::uint64_t line_ = 0;           ///< the binding's, when this was made
  session_record record_;            ///< as it was loaded or saved last
  detail::session_values values_;    ///< as the handler has made them
  buffer scratch_;
  bool changed_ = false;
};

} // namespace swill
