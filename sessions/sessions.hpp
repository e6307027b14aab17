#pragma once

#include "libswill/api/app.hpp"
#include "libswill/api/plugin.hpp"
#include "libswill/api/session.hpp"
#include "libswill/base/task.hpp"
#include "sessions/options.hpp"
#include "sessions/session.hpp"
#include "sessions/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace swill {

namespace detail {
class session_service;
struct offered_tokens;
} // namespace detail

/// Sessions for an app: `app.use(std::make_shared<swill::sessions>(options, backend))`. It finds each connection's session by the token of
/// its handshake, and gives `context.session()` to handlers. Its functions are for coroutines on the server's loops: handlers, hooks.
/// docs/sessions.md.
class sessions final : public plugin, public detail::session_provider {
public:
  /// Throws std::invalid_argument for options that make no sense.
  explicit sessions(session_options o = {}, session_backend b = memory_sessions());
  ~sessions() override;

  const session_options& options() const noexcept { return options_; }

  /// `co_await all.update(id, f)`: as session::update, for any session. Throws 404 when there is none of that id.
  template <class F>
  task<void> update(std::string id, F&& f) {
    static_assert(
        !detail::fragile_function<F>,
        "g++ 12 would destroy this lambda twice; name it first: auto add = [...] {...}; co_await all.update(id, add);");
    return update_by<std::decay_t<F>>(std::move(id), std::forward<F>(f));
  }
  /// The session of an id, outside of its connection: its changes are saved by save() only. Throws 404 when there is none.
  task<session> get(std::string id);
  /// Ends a session; false when there was none. Connections that are bound to it go on, without it.
  task<bool> destroy(std::string id);
  /// Ends all sessions of a user; how many there were.
  task<std::size_t> destroy_user(std::string user);
  /// All sessions of a user, the oldest first.
  task<std::vector<session_record>> of_user(std::string user);

  // --- plugin
  std::string_view kind() const noexcept override { return "sessions"; }
  void check(mistake_list& out) const override;
  void install(app& a) override;
  /// Returns when the stores are ready, or it turned out that they are not there yet: the server starts all the same.
  void start(actors::runtime& r) override;
  void stop(std::function<void()> done) override;
  std::string not_ready() const override;

  // --- session_provider
  task<std::unique_ptr<detail::request_session>> open(context& c) override;
  std::optional<std::string> token_in(context& c, bytes_view metadata) const override;
  task<void> bind_by(context& c, std::string token) override;

private:
  friend class session;

  template <class F>
  task<void> update_by(std::string id, F f) {
    session s = co_await get(std::move(id));
    co_await s.update(std::ref(f));
  }

  task<void> bind(connection& c);
  task<void> bind_by_tokens(connection& c, detail::offered_tokens offered);
  void begin(connection& c);
  std::vector<std::string> ids_in(const std::vector<std::string>& tokens) const;
  void renew_cookie(connection& c);
  void touch_if_due(const session_record& r);
  task<bool> bind_to(connection& c, std::string id);

  session_options options_;
  std::unique_ptr<detail::session_service> service_;
};

} // namespace swill
