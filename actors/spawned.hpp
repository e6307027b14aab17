#pragma once

#include "actors/roster.hpp"

#include "libswill/api/app.hpp"

#include <caf/all.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// Actors that a server makes for its app: what handle_actor takes beside a handle of CAF (docs/actors.md).

namespace swill {

namespace actors {

template <class F>
using arguments_of = typename caf::detail::get_callable_trait<F>::arg_types;

/// A factory makes actors: a function that CAF can spawn, or one that spawns by itself, `f(caf::actor_system&) -> handle`. Both may take a key
/// as their last argument.
template <class F>
inline constexpr bool spawns_itself = std::is_same_v<caf::detail::tl_head_t<arguments_of<F>>, caf::actor_system&>;

template <class F, bool SpawnsItself = spawns_itself<F>>
struct made_by {
  using handle = caf::infer_handle_from_fun_t<F>;
};
template <class F>
struct made_by<F, true> {
  using handle = typename caf::detail::get_callable_trait<F>::result_type;
};

/// What an actor ends with that has thrown. CAF's own handler prints what was thrown to stdout, and forgets it.
caf::error error_of(const std::exception_ptr& thrown);

/// What actors of a roster do unless their factory says otherwise: they end with what they have thrown, and the roster logs what they do not take.
template <class Self>
void set_handlers(Self& self, const std::weak_ptr<roster>& by) {
  self.set_exception_handler([](std::exception_ptr& thrown) { return error_of(thrown); });
  self.set_default_handler(caf::scheduled_actor::default_handler{
      [by](caf::scheduled_actor* on, caf::message_view& m) -> caf::result<caf::message> {
        if (const auto made_by = by.lock(); made_by != nullptr) return made_by->refuse_unknown(*on, m);
        return caf::sec::unexpected_message;
      }});
}

/// A factory, which may take its actor or not, of actors with these handlers.
template <class F, class Self, class Result, class Arguments>
struct telling;
template <class F, class Self, class Result, class... Rest>
struct telling<F, Self, Result, caf::detail::type_list<Self*, Rest...>> {
  mutable F f;
  std::weak_ptr<roster> by;
  Result operator()(Self* self, Rest... rest) const {
    set_handlers(*self, by);
    return f(self, std::forward<Rest>(rest)...);
  }
};
template <class F, class Self, class Result, class... Arguments>
struct telling<F, Self, Result, caf::detail::type_list<Arguments...>> {
  mutable F f;
  std::weak_ptr<roster> by;
  Result operator()(Self* self, Arguments... arguments) const {
    set_handlers(*self, by);
    return f(std::forward<Arguments>(arguments)...);
  }
};

/// The next actor of this factory, for a roster. Blocking actors are left alone: what they do not take stays in their mailbox.
template <class F, class... Args>
caf::strong_actor_ptr make_by(const F& f, caf::actor_system& system, roster& by, const Args&... args) {
  if constexpr (spawns_itself<F>) {
    return caf::actor_cast<caf::strong_actor_ptr>(f(system, args...));
  } else {
    using signature = typename caf::detail::get_callable_trait<F>::type;
    using self = caf::infer_impl_from_fun_t<F>;
    if constexpr (std::derived_from<self, caf::scheduled_actor>) {
      const telling<F, self, typename signature::result_type, typename signature::arg_types> to_spawn{
          f, by.weak_from_this()};
      return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(to_spawn, args...));
    } else {
      return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(f, args...));
    }
  }
}

template <class F>
pool_roster::maker maker_of(F f) {
  return [f = std::move(f)](caf::actor_system& system, roster& by) { return make_by(f, system, by); };
}

/// Calls have no key.
struct no_key {
  template <class In>
  static constexpr bool takes = true;
  template <class In>
  std::nullptr_t operator()(const In&) const noexcept {
    return nullptr;
  }
};

/// Refers to actors that servers make; copies refer to the same. `Handle`: of one of them.
template <class Handle>
class actors_of {
public:
  using handle_type = Handle;
  const std::shared_ptr<roster>& who() const noexcept { return who_; }
  no_key key_of() const noexcept { return {}; }

protected:
  explicit actors_of(std::shared_ptr<roster> who) : who_(std::move(who)) {}

private:
  std::shared_ptr<roster> who_; ///< shared by the copies, and the handlers that they serve
};

} // namespace actors

/// What `app.spawn` gives: one actor of whatever server runs the app. `handle_actor` and `ask` take it.
template <class Handle>
class spawned : public actors::actors_of<Handle> {
public:
  explicit spawned(std::shared_ptr<actors::roster> who) : actors::actors_of<Handle>(std::move(who)) {}
};

/// `app.handle_actor<order, receipt>("place", swill::supervised{warehouse, {.restarts = 3}})`: one actor, which is made again when it ends.
template <class Handle>
class supervised : public actors::actors_of<Handle> {
public:
  template <class F>
  explicit supervised(F factory, const restart_policy& p = {})
      : actors::actors_of<Handle>(std::make_shared<actors::pool_roster>(1, actors::maker_of(std::move(factory)), p)) {}
};
template <class F>
supervised(F) -> supervised<typename actors::made_by<F>::handle>;
template <class F>
supervised(F, restart_policy) -> supervised<typename actors::made_by<F>::handle>;

/// `swill::pool{4, resizer}`: so many actors, each made again when it ends. A call goes to that which has the least calls in flight.
template <class Handle>
class pool : public actors::actors_of<Handle> {
public:
  template <class F>
  pool(std::size_t count, F factory, const restart_policy& p = {})
      : actors::actors_of<Handle>(
            std::make_shared<actors::pool_roster>(count, actors::maker_of(std::move(factory)), p)) {}
};
template <class F>
pool(std::size_t, F) -> pool<typename actors::made_by<F>::handle>;
template <class F>
pool(std::size_t, F, restart_policy) -> pool<typename actors::made_by<F>::handle>;

/// The actor that serves this handler of the server, for other actors; of keyed ones the handle that stands for all. Null: there is no such handler,
/// or no actor serves it now. From any thread, while the server runs.
caf::actor find_handler_actor(caf::actor_system& system, std::string_view handler);

namespace actors {

/// The one key of a factory of keyed actors.
template <class Arguments>
struct key_among {
  static constexpr bool is_one = false;
  using type = std::nullptr_t;
};
template <class First, class Key>
struct key_among<caf::detail::type_list<First, Key>> {
  static constexpr bool is_one = true;
  using type = std::decay_t<Key>;
};
/// What it takes last.
template <class F>
using key_taken = typename key_among<arguments_of<F>>::type;

/// Gives the key of a call.
template <class KeyOf, class Key>
struct key_function {
  /// The factory takes no key, which the compiler has said already.
  static constexpr bool lacks_factory = std::is_null_pointer_v<Key>;
  /// Whether there is one of such a message.
  template <class In>
  static constexpr bool takes = std::is_invocable_v<const KeyOf&, const In&>;
  template <class In>
  Key operator()(const In& in) const requires std::is_invocable_r_v<Key, const KeyOf&, const In&> {
    return f(in);
  }
  KeyOf f;
};

} // namespace actors

/// `swill::keyed{[](const bid& b) { return b.lot; }, auction}` with `caf::behavior auction(caf::event_based_actor*, std::string lot)`: one actor for
/// each key, made on its first call, ended when it has had none for keyed_options::idle, never two at a time. One object may serve several
/// names; its function of the key takes the messages of all of them.
template <class KeyOf, class Key, class Handle>
class keyed : public actors::actors_of<Handle> {
public:
  template <class F>
  keyed(KeyOf key_of, F factory, const keyed_options& o = {})
      : actors::actors_of<Handle>(roster_of(std::move(factory), o)), key_of_{std::move(key_of)} {}
  const actors::key_function<KeyOf, Key>& key_of() const noexcept { return key_of_; }

  /// Takes In, or (call_info, In), from other actors and gives it to the actor of its key, as calls of clients are (docs/actors.md). Null while
  /// no server runs that has them. From any thread.
  caf::actor actor() const { return caf::actor_cast<caf::actor>(this->who()->only_actor()); }

private:
  template <class F>
  static std::shared_ptr<actors::roster> roster_of(F f, const keyed_options& o) {
    constexpr bool takes_key = actors::key_among<actors::arguments_of<F>>::is_one;
    static_assert(takes_key,
                  "the factory of keyed actors takes the key, and nothing else, after the actor's pointer or "
                  "the actor system: caf::behavior auction(caf::event_based_actor*, std::string lot)");
    if constexpr (takes_key) {
      return std::make_shared<actors::keyed_roster<Key>>(
          [f = std::move(f)](caf::actor_system& system, actors::roster& by, const Key& key) {
            return actors::make_by(f, system, by, key);
          },
          o);
    } else {
      return nullptr;
    }
  }
  actors::key_function<KeyOf, Key> key_of_;
};
template <class KeyOf, class F>
keyed(KeyOf, F, keyed_options = {}) -> keyed<KeyOf, actors::key_taken<F>, typename actors::made_by<F>::handle>;

namespace actors {

/// Has an actor of its own as long as a server runs.
class spawning final : public plugin {
public:
  spawning(std::string name, std::shared_ptr<roster> who) : kind_("actor " + name), who_(std::move(who)) {
    who_->set_name(std::move(name));
  }
  std::string_view kind() const noexcept override { return kind_; }
  std::string not_ready() const override { return who_->has_given_up() ? "has ended" : ""; }
  void start(runtime& r) override { who_->start(r); }
  void stop(std::function<void()> done) override { who_->stop(std::move(done)); }

private:
  std::string kind_;
  std::shared_ptr<roster> who_; ///< shared with whoever refers to it
};

} // namespace actors

template <class F, class... Args>
auto app::spawn(std::string name, F f, Args... args) {
  using handle = typename actors::made_by<F>::handle;
  auto make = [f = std::move(f), ... all = std::move(args)](caf::actor_system& system, actors::roster& by) {
    return actors::make_by(f, system, by, all...);
  };
  auto who = std::make_shared<actors::pool_roster>(1, std::move(make), restart_policy{.restarts = 0});
  use(std::make_shared<actors::spawning>(std::move(name), who));
  return spawned<handle>{std::move(who)};
}

} // namespace swill
