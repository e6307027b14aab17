#pragma once

#include "actors/per_unit.hpp"
#include "libswill/base/completion.hpp"
#include "sessions/detail/token.hpp"
#include "sessions/detail/turns.hpp"
#include "sessions/store.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace swill::detail {

// What a session actor is asked. `done` may be called from its thread; it reaches the coroutine on its own.
struct session_load {
  std::string id;
  completer<std::optional<session_record>> done;
};
struct session_save {
  session_record record;
  completer<session_stamp> done;
};
struct session_merge {
  std::string id;
  session_changes changes;
  completer<session_record> done;
};
struct session_touch {
  std::string id; // nobody waits for it
};
struct session_rotate {
  std::string old_id;
  std::string old_user;
  session_record record;
  session_changes changes;
  completer<session_record> done;
};
struct session_destroy {
  std::string id;
  std::string user;
  completer<bool> done;
};
struct session_destroy_user {
  std::string user;
  completer<std::size_t> done;
};
struct session_list {
  std::string user;
  completer<std::vector<session_record>> done;
};

using session_request = std::variant<session_load, session_save, session_merge, session_touch, session_rotate,
                                     session_destroy, session_destroy_user, session_list>;

/// The mail of a session actor, from other loops.
struct session_mail {
  session_request request;
};

/// Owns a store and serves it: by direct calls on its loop, by mail from elsewhere.
class session_actor final : public actors::loop_actor {
public:
  session_actor(caf::actor_config& config, actors::unit& home, std::unique_ptr<session_store> s);

  const char* name() const override { return "swill.sessions"; }
  session_store& store() noexcept { return *store_; }
  void serve(session_request& r);
  void on_exit() override { store_.reset(); }

private:
  bool on_mail(caf::mailbox_element& element) override;

  std::unique_ptr<session_store> store_;
};

/// The session actors of one server.
class session_service {
public:
  session_service(session_backend b, session_options o)
      : tokens(o.signing_keys), backend_(std::move(b)), options_(std::move(o)) {}
  /// Adds what makes no sense in the options of what keeps the sessions.
  void check(mistake_list& out) const {
    if (backend_.check) backend_.check(out);
  }

  /// What keeps them can be reached. From any thread.
  bool is_up() const { return !backend_.is_up || backend_.is_up(); }

  void start(actors::runtime& r);
  void stop(std::function<void()> done);
  /// Hands r to the actor of this thread's loop, or to the one that there is.
  void submit(session_request r);
  /// The same, without a copy where this loop has a store.
  void load(const std::string& id, completer<std::optional<session_record>> done);
  void save(const session_record& r, completer<session_stamp> done);

  const session_tokens tokens;
  session_turns updates;  ///< by session id
  session_turns bindings; ///< by connection id: by a token in metadata

private:
  session_backend backend_;
  session_options options_;
  actors::per_unit<session_actor> actors_;
};

} // namespace swill::detail

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::detail::session_mail)
