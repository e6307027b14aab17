#pragma once

#include "actors/actor_signature.hpp"
#include "actors/ask.hpp"
#include "actors/call_info.hpp"
#include "actors/handles.hpp"
#include "actors/spawned.hpp"

#include "libswill/api/app.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// Hooks that are messages to an actor (app::lifecycle, docs/actors.md).

namespace swill {

/// The hooks as messages: each has what a function hook of that name could look at.
namespace hooks {

/// A connection, as its hooks are told of it.
struct connection_facts {
  std::string id;
  std::string user; ///< empty: unknown
  std::string remote_address;
  std::string target; ///< path and query, not decoded
  std::string subprotocol;
  header_list headers;     ///< that the client has sent; in before_connection and before_accept alone
  connection_handle actor; ///< empty before the connection is accepted
};

struct before_connection {
  connection_facts connection;
};
struct before_accept {
  connection_facts connection;
};
struct after_accept {
  connection_facts connection;
};
struct after_connection {
  connection_facts connection;
  close_reason why;
};
struct before_request {
  call_info call;
};
/// The metadata are those of `call`.
struct before_request_metadata {
  call_info call;
};
struct before_request_data {
  call_info call;
  bytes data;
};
struct before_request_message {
  call_info call;
  value message;
};
struct before_leading_metadata {
  call_info call;
  metadata leading;
};
struct before_response_message {
  call_info call;
  value message;
};
struct before_trailing_metadata {
  call_info call;
  metadata trailing;
};
struct after_request {
  call_info call;
  outcome how;
};

/// An answer to a hook: what a function hook of that name may change. What is left out, or is nothing that this hook may change, stays. An answer
/// of nothing goes on as it is; swill::to_caf(error) refuses.
struct change {
  std::optional<std::string> user{}; ///< of the connection
  header_list response_headers{};    ///< before_connection, before_accept: added to the response
  std::optional<swill::metadata>
      metadata{};                        ///< before_request_metadata, before_leading_metadata, before_trailing_metadata
  std::optional<bytes> data{};           ///< before_request_data
  std::optional<swill::value> message{}; ///< before_request_message, before_response_message
};

} // namespace hooks

namespace detail {
/// A member of lifecycle_options that has to be given: a program that leaves it out does not compile, and is told why.
template <class T>
struct required {
  template <class U = T>
  required() {
    static_assert(refused<U>, "lifecycle_options has two members, which both have to be said: "
                              "{.timeout = 2s, .on_timeout = swill::hook_outcome::refuse}");
  }
  template <std::convertible_to<T> U>
  constexpr required(U&& v) : value(std::forward<U>(v)) {}
  operator const T&() const noexcept { return value; }
  T value;
};
} // namespace detail

/// What happens when the actor of a hook does not answer.
enum class hook_outcome : std::uint8_t {
  go_on,
  refuse, ///< ERROR 503; before a connection is accepted HTTP 503, in after_accept close 1013
};

/// Both have to be said.
struct lifecycle_options {
  /// How long a hook waits for its actor; cut to what is left of the request's deadline.
  detail::required<std::chrono::milliseconds> timeout;
  /// When it has not answered by then, has ended, or has thrown.
  detail::required<hook_outcome> on_timeout;
};

namespace actors {

/// An actor that hooks ask.
class hook_actor_ref {
public:
  hook_actor_ref(std::function<caf::strong_actor_ptr()> who, const lifecycle_options& o)
      : who_(std::move(who)), options_(o) {}
  caf::strong_actor_ptr who() const { return who_(); }
  const lifecycle_options& options() const noexcept { return options_; }
  /// What comes of a hook that was not answered as it should have been; rethrows where that is a refusal.
  hooks::change settle(const ask_base& asked, std::exception_ptr failure, std::string_view hook) const;

private:
  std::function<caf::strong_actor_ptr()> who_;
  lifecycle_options options_;
};
using hook_actor_ptr = std::shared_ptr<const hook_actor_ref>; // shared by the hooks that ask it

/// Asks it: its answer is nothing, or a change.
template <class Message>
class hook_question final : public ask_base {
public:
  hook_question(const hook_actor_ref& to, Message m)
      : ask_base(to.who(), to.options().timeout), message_(std::move(m)) {}
  hooks::change await_resume() {
    finish();
    return std::move(change_);
  }

private:
  void send(loop_actor& from, actors::response_receiver& r) override {
    from.send_request(target(), r, std::move(message_));
  }
  bool take(caf::type_erased_tuple& content) override {
    if (content.match_elements<hooks::change>()) change_ = std::move(content.get_mutable_as<hooks::change>(0));
    return content.empty() || content.match_elements<hooks::change>();
  }
  Message message_;
  hooks::change change_;
};

template <class Message>
task<hooks::change> consult(hook_actor_ptr to, Message m, std::string_view hook) {
  hook_question<Message> asking{*to, std::move(m)};
  std::exception_ptr failure;
  try {
    co_return co_await asking;
  } catch (...) {
    failure = std::current_exception();
  }
  co_return to->settle(asking, std::move(failure), hook);
}

/// Whether an actor with these signatures says that it has this hook, and what it may answer.
template <class Signatures, class Hook>
consteval bool has_hook() {
  if constexpr (takes<Signatures, Hook>) {
    using given = caf::response_type_t<Signatures, Hook>;
    constexpr bool fits = detail::one_of_types<given, caf::detail::type_list<>, caf::detail::type_list<void>,
                                               caf::detail::type_list<hooks::change>>;
    static_assert(fits, "a hook is answered by nothing, or by swill::hooks::change");
    return true;
  } else {
    return false;
  }
}

// Each adds the hook that asks.
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_connection>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_accept>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::after_accept>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::after_connection>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request_metadata>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request_data>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_request_message>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_leading_metadata>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_response_message>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::before_trailing_metadata>);
void add_hook(app& a, const hook_actor_ptr& to, std::type_identity<hooks::after_request>);

template <class... Hooks>
struct hook_set {
  static constexpr std::size_t count = sizeof...(Hooks);
  static void add(app& a, const hook_actor_ptr& to) { (add_hook(a, to, std::type_identity<Hooks>{}), ...); }
};
/// Those of a list that a typed actor has.
template <class Signatures, class Found, class... Left>
struct hooks_of {
  using type = Found;
};
template <class Signatures, class... Found, class First, class... Rest>
struct hooks_of<Signatures, hook_set<Found...>, First, Rest...>
    : hooks_of<Signatures,
               std::conditional_t<has_hook<Signatures, First>(), hook_set<Found..., First>, hook_set<Found...>>,
               Rest...> {};
template <class Signatures>
using all_hooks_of =
    typename hooks_of<Signatures, hook_set<>, hooks::before_connection, hooks::before_accept, hooks::after_accept,
                      hooks::after_connection, hooks::before_request, hooks::before_request_metadata,
                      hooks::before_request_data, hooks::before_request_message, hooks::before_leading_metadata,
                      hooks::before_response_message, hooks::before_trailing_metadata, hooks::after_request>::type;

template <class Handle>
struct hook_handle {
  static constexpr bool lives = !requires { typename Handle::handle_type; }; ///< whether or not it serves a name
  using type = Handle;
};
template <class Handle>
struct hook_handle<spawned<Handle>> {
  static constexpr bool lives = true;
  using type = Handle;
};

/// Throws std::invalid_argument for what cannot be meant. `is_spawned`: the server is going to make the actor, which is null until then.
void check_hook_actor(const caf::strong_actor_ptr& who, bool is_spawned, const lifecycle_options& o);

} // namespace actors

template <class... Hooks, class Handle>
void app::lifecycle(Handle actor, const lifecycle_options& o) {
  using signatures = typename actors::signatures_of<typename actors::hook_handle<Handle>::type>::type;
  using chosen = typename std::conditional_t<sizeof...(Hooks) != 0, std::type_identity<actors::hook_set<Hooks...>>,
                                             std::type_identity<actors::all_hooks_of<signatures>>>::type;
  constexpr bool lives = actors::hook_handle<Handle>::lives;
  constexpr bool typed = !std::is_same_v<signatures, caf::none_t>;
  static_assert(lives,
                "hooks ask one actor that is there as long as the server: app.spawn(name, f), or a handle of CAF");
  static_assert(!lives || typed || chosen::count != 0, "which hooks has this actor? Its type does not say: "
                                                       "app.lifecycle<swill::hooks::before_accept>(actor, {…})");
  static_assert(!lives || !typed || chosen::count != 0,
                "the type of this actor has no hook: caf::reacts_to<swill::hooks::after_connection>, or another of "
                "actors/lifecycle.hpp, would be one");
  if constexpr (lives && chosen::count != 0) {
    must_be_open("lifecycle");
    const auto who = [actor] { return actors::actor_behind(actor); };
    actors::check_hook_actor(who(), actors::refers_to_made_actors<Handle>, o);
    chosen::add(*this, std::make_shared<const actors::hook_actor_ref>(who, o));
  }
}

} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_accept)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::after_accept)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::after_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_request_metadata)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_request_data)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_request_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_leading_metadata)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_response_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::before_trailing_metadata)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::after_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::hooks::change)
