#pragma once

#include "actors/per_unit.hpp"
#include "libswill/base/completion.hpp"
#include "sessions/detail/token.hpp"
#include "sessions/detail/turns.hpp"
#include "sessions/store.hpp"

#include <memory>
#include <optional>
#include <string>

namespace swill::detail {

/// Owns a store, which serves its loop by direct calls, and others by functions that are sent to it.
class session_actor final : public actors::loop_actor {
public:
  session_actor(caf::actor_config& config, actors::unit& home, std::unique_ptr<session_store> s)
      : loop_actor(config, home), store_(std::move(s)) {}

  const char* name() const override { return "swill.sessions"; }
  session_store& store() noexcept { return *store_; }
  void on_exit() override { store_.reset(); }

private:
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
  /// `co_await service.ask<session_record>(&session_store::merge, id, changes)`: what that function of the store answers, of the one on this
  /// thread's loop, or of the one that there is, which gets copies. The arguments must live until this is awaited.
  template <class T, class... P, class... A>
  completion<T> ask(void (session_store::*f)(P...), const A&... arguments) {
    const auto start = [this, f, &arguments...](completer<T> done) {
      if (session_actor* a = actors_.mine()) return (a->store().*f)(arguments..., std::move(done));
      auto ask_it = [f, arguments...](session_actor& a, completer<T> d) { (a.store().*f)(arguments..., std::move(d)); };
      actors_.ask(std::move(done), std::move(ask_it), no_sessions);
    };
    return completion<T>{start};
  }
  auto load(const std::string& id) { return ask<std::optional<session_record>>(&session_store::load, id); }
  /// Nobody waits for it.
  void touch(const std::string& id);

  const session_tokens tokens;
  session_turns updates;  ///< by session id
  session_turns bindings; ///< by connection id: by a token in metadata

private:
  static error no_sessions();

  session_backend backend_;
  session_options options_;
  actors::per_unit<session_actor> actors_;
};

} // namespace swill::detail
