#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/base/result.hpp"
#include "sessions/options.hpp"
#include "sessions/record.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace swill {

/// Takes the answer of a store: on its loop's thread, once, possibly before the store's function has returned. Must not throw.
template <class T>
using store_answer = move_function<void(result<T>)>;

/// Keeps sessions. Used by one session actor, on its loop's thread; any number of operations may be under way. Each is atomic, and either
/// carried out or not, but for 503, after which either may be the case. Errors: 503 with data.retryable when the store is not there.
class session_store {
public:
  virtual ~session_store() = default;

  /// `ready` is called when it is, or when it turned out that it will take a while.
  virtual void start(std::function<void()> ready) = 0;
  /// What is under way fails with 503; `done` is called when nothing of the store uses the loop any more.
  virtual void close(std::function<void()> done) = 0;

  /// The session, or nothing when there is none or it has ended.
  virtual void load(std::string id, store_answer<std::optional<session_record>> f) = 0;
  /// Compare and set: stores r when the stored one has r.version (0: when there is none), and counts that up. 409 otherwise, and when there
  /// is none any more. The session is used by that. Not for changing the user.
  virtual void save(const session_record& r, store_answer<session_stamp> f) = 0;
  /// In one step: makes the changes to the session of that id as it is now, whatever its version, and counts that up; gives it as it is
  /// afterwards. 409, and nothing is changed, when a value is not what its change expects it to be (so somebody else has changed the same
  /// one), or when there is no such session. 413 beyond session_options::values or session_size. The session is used by that.
  virtual void merge(const std::string& id, const session_changes& c, store_answer<session_record> f) = 0;
  /// Marks it as used; false when there is none.
  virtual void touch(const std::string& id, store_answer<bool> f) = 0;
  /// In one step: as save, but under the new id r.id and for the user r.user, while `old_id` of `old_user` ends. When the stored one has
  /// another version than r, its values with the changes `c`, which make r.data, move to the new id; 409 and 413 as merge. Gives the
  /// session as it is then. Over session_options::sessions_per_user the oldest of r.user end.
  virtual void rotate(const std::string& old_id, const std::string& old_user, const session_record& r,
                      const session_changes& c, store_answer<session_record> f) = 0;
  /// Ends it; false when there was none. `user`: its user, if it is known.
  virtual void destroy(const std::string& id, const std::string& user, store_answer<bool> f) = 0;
  /// Ends all of a user; how many there were.
  virtual void destroy_user(const std::string& user, store_answer<std::size_t> f) = 0;
  /// All of a user, the oldest first.
  virtual void list(const std::string& user, store_answer<std::vector<session_record>> f) = 0;
};

/// What keeps sessions, for `swill::sessions`: how to make a store on a loop.
struct session_backend {
  /// A store for each loop, which all know the same sessions; otherwise one store, on the first loop, that the others write to.
  bool one_per_loop = false;
  std::function<std::unique_ptr<session_store>(loop&, const session_options&, const log_sink* log)> make;
  /// Adds what makes no sense in its own options; may be unset.
  std::function<void(mistake_list&)> check{};
  /// Whether what keeps them can be reached, as far as is known; from any thread. Unset: always.
  std::function<bool()> is_up{};
};

/// In this process: sessions end with it, and other nodes know nothing of them.
session_backend memory_sessions();

/// When a session ends that is not used after `seen`; session_time::max(): never.
session_time session_end(const session_options& o, session_time created, session_time seen) noexcept;

/// error 409 with data.retryable: somebody else has changed the session meanwhile, or it has ended.
error session_conflict(const char* why);
/// error 413: more bytes, or more values, than session_options::session_size and values.
error session_too_large(const session_options& o);
error too_many_session_values();

} // namespace swill
