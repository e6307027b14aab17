#pragma once

#include "actors/actor_signature.hpp"
#include "actors/ask.hpp"
#include "actors/routed_call.hpp"
#include "actors/spawned.hpp"

#include "libswill/api/app.hpp"

#include <caf/all.hpp>

#include <optional>
#include <stdexcept>
#include <type_traits>

namespace swill {

/// What may be said of a handler that is an actor.
struct actor_options {
  /// How long an answer may take where neither side streams, beside the request's deadline. 0: the deadline alone. Empty: 30 s, for requests
  /// that have no deadline. When it passes: ERROR 408. Streams are limited by deadlines only (handler_options::default_deadline); with a
  /// timeout they are refused, as is one below 0: std::invalid_argument.
  std::optional<std::chrono::milliseconds> timeout{};
  /// Where neither side streams: when nobody waits for an answer any more (CANCEL, the deadline, the timeout, the end of the connection), the
  /// actor is sent (cancel_atom, request_id), with the id that its call_info had. A typed actor that has this message gets it in any case.
  bool cancel = false;
  /// Items that may be under way to the actor, and from it, in streams; 0 counts as 1. An actor that sends more than it was granted has
  /// its request ended by ERROR 500.
  std::uint32_t window = 64;
  handler_options handler{};
};

template <class Handle>
struct include_actors_handle_actor_hpp {};

namespace actors {

/// What handle_actor takes: a handle of CAF here, actors that the server makes below.
template <class Handle>
struct served_by {
  using handle = Handle;
  static std::shared_ptr<roster> who(const Handle& h) {
    return std::make_shared<pool_roster>(caf::actor_cast<caf::strong_actor_ptr>(h));
  }
  static no_key key_of(const Handle&) { return {}; }
};
template <refers_to_made_actors Refers>
struct served_by<Refers> {
  using handle = typename Refers::handle_type;
  static std::shared_ptr<roster> who(const Refers& r) { return r.who(); }
  static auto key_of(const Refers& r) { return r.key_of(); } // a copy
};

/// Whether handle_actor takes it.
template <class Handle>
inline constexpr bool is_actor =
    caf::is_handle<Handle>::value || std::is_convertible_v<Handle, const caf::abstract_actor*> ||
    refers_to_made_actors<Handle>;
template <class Handle>
consteval bool must_be_actor() {
  static_assert(is_actor<Handle>,
                "handle_actor takes an actor, or what makes one, no function alone: app.spawn(name, f), "
                "swill::supervised{f}, swill::pool{n, f} or swill::keyed{key_of, f}");
  return is_actor<Handle>;
}

template <class T>
inline constexpr bool is_stream_of_coroutine = false;
template <class T>
inline constexpr bool is_stream_of_coroutine<stream<T>> = true;

/// How an actor is asked where neither side streams.
struct actor_question {
  std::shared_ptr<roster> who;                      ///< with the handler
  std::optional<std::chrono::milliseconds> timeout; ///< actor_options::timeout
  bool cancel = false;                              ///< it is told when nobody waits for its answer any more
};

/// When its time is over, beside the request's deadline.
std::optional<clock_time> end_of(const actor_question& q, context& c);
/// What is left until then, for an ask; 0: the deadline alone.
std::chrono::milliseconds time_until(std::optional<clock_time> end, context& c);
/// The same of a call that another actor makes, where the first is the one that `caller` says, if any.
std::optional<clock_time> end_of(const actor_question& q, const call_info& caller, swill::loop& here);
std::chrono::milliseconds time_until(std::optional<clock_time> end, swill::loop& here);
/// Another actor calls one that is serial or not, with a call_info that has its name and key: what is to be sent has the chain.
void join_chain(const roster& who, call_info& caller, routed_call& by);
/// Tells it that nobody waits for the answer to this request.
void tell_cancelled(const caf::strong_actor_ptr& to, request_id id);

/// A call ends without an answer: what its actor has got of it still counts (assignment::leave).
void leave(const assignment& a, context& c);

/// While the answer to a question may still come.
class open_question {
public:
  open_question(bool tells, const assignment& a, context& c, const ask_base& asked)
      : tells_(tells), assignment_(a), context_(c), asked_(asked) {}
  open_question(const open_question&) = delete;
  open_question& operator=(const open_question&) = delete;
  ~open_question() {
    if (asked_.is_answered()) return;
    leave(assignment_, context_);
    if (tells_) tell_cancelled(assignment_.actor(), id_of(context_));
  }

private:
  const bool tells_;
  const assignment& assignment_;
  context& context_;
  const ask_base& asked_;
};

/// While the actor of a stream may still have messages of it.
class open_channel {
public:
  open_channel(const assignment& a, context& c, const channel_base& channel)
      : assignment_(a), context_(c), channel_(channel) {}
  open_channel& operator=(open_channel&&) = delete;
  ~open_channel() {
    if (!channel_.is_over()) leave(assignment_, context_);
  }

private:
  const assignment& assignment_;
  context& context_;
  const channel_base& channel_;
};

template <class Out>
Out take_answer(context&, Out& out) {
  return std::move(out);
}
template <class Out>
Out take_answer(context& c, answer<Out>& out) {
  if (!out.leading.empty()) c.set_leading(std::move(out.leading));
  for (const auto& [key, v] : out.trailing) c.trailing().set(key, v);
  return std::move(out.value);
}

// One coroutine for each of the four shapes. Parameters, not captures: they live in the frame.

/// `Answered` is what the actor answers, Out or answer<Out>; `Info`, where it wants that, call_info.
template <class In, class Out, class Answered, class... Info, class KeyOf>
task<Out> call_actor(actor_question q, KeyOf key_of, request<In> r) {
  context& c = r.context();
  const std::optional<clock_time> end = end_of(q, c);
  const auto key = key_of(std::as_const(r).data());
  std::uint64_t met = 0;
  for (;;) {
    std::shared_ptr<waiting_call> w;
    assignment a = q.who->take(&key, met, c.call().loop(), w);
    if (!a) a = co_await next_actor(q.who, &key, met, end, std::move(w));
    // A call that an actor has not looked at may go to the next one.
    std::tuple<Info..., In> message{Info(info_of(c, end, key_text(key), a.number()))...,
                                    q.who->renews() ? In(std::as_const(r).data()) : In(std::move(r).data())};
    ask_awaiter<Answered, Info..., In> asking{a.actor(), time_until(end, c), std::move(message), &a.end()};
    const open_question open{q.cancel, a, c, asking};
    try {
      if constexpr (std::is_void_v<Out>) {
        co_await asking;
        co_return;
      } else {
        Answered out = co_await asking;
        co_return take_answer(c, out);
      }
    } catch (const error&) {
      if (!q.who->renews() || !asking.is_refused()) throw;
    }
    met = a.number();
  }
}

/// The same for an actor with one call at a time, which is told the chain that this begins.
template <class In, class Out, class Answered, class... Info, class KeyOf>
task<Out> call_serial_actor(actor_question q, KeyOf key_of, request<In> r) {
  const auto chain = begin_chain(r.context(), key_text(key_of(std::as_const(r).data())));
  task<Out> calling = call_actor<In, Out, Answered, Info...>(std::move(q), std::move(key_of), std::move(r));
  try {
    co_return co_await calling;
  } catch (const error& e) {
    throw chain->named(e);
  }
}

/// While the answer to a question of another actor may still come.
class routed_question {
public:
  routed_question(const assignment& a, const ask_base& asked, routed_call& by)
      : assignment_(a), asked_(asked), by_(by) {}
  routed_question& operator=(routed_question&&) = delete;
  ~routed_question() {
    if (!asked_.is_answered()) by_.keep(assignment_.leave());
  }

private:
  const assignment& assignment_;
  const ask_base& asked_;
  routed_call& by_;
};

/// A handler of keyed actors which takes In, with call_info before it or without.
template <class In, class Answered, class KeyOf, class... Info>
class typed_route final : public actor_route {
public:
  typed_route(std::string n, actor_question q, KeyOf key_of)
      : actor_route(std::move(n)), question_(std::move(q)), key_of_(std::move(key_of)) {}
  bool takes(const caf::type_erased_tuple& m) const override {
    return m.match_elements<In>() || m.match_elements<call_info, In>();
  }
  task<caf::message> call(std::shared_ptr<roster> who, std::string rpc, const caf::type_erased_tuple& m,
                          routed_call& by) const override {
    const bool has_info = m.size() == 2;
    call_info caller = has_info ? m.get_as<call_info>(0) : call_info{};
    caller.rpc = std::move(rpc);
    actor_question q = question_;
    q.who = std::move(who);
    const auto& in = m.get_as<In>(has_info ? 1 : 0);
    return ask_actor_of(std::move(q), key_of_(in), std::move(caller), in, by);
  }

private:
  template <class Key>
  static task<caf::message> ask_actor_of(actor_question q, Key key, call_info caller, In in, routed_call& by) {
    const std::optional<clock_time> end = end_of(q, caller, by.loop());
    caller.deadline = end;
    caller.key = key_text(key);
    join_chain(*q.who, caller, by);
    std::uint64_t met = 0;
    for (;;) {
      std::shared_ptr<waiting_call> w;
      assignment a = q.who->take(&key, met, by.loop(), w);
      if (!a) a = co_await next_actor(q.who, &key, met, end, std::move(w));
      caller.incarnation = a.number();
      std::tuple<Info..., In> message{Info(caller)..., In(in)};
      ask_awaiter<Answered, Info..., In> asking{a.actor(), time_until(end, by.loop()), std::move(message), &a.end()};
      const routed_question open{a, asking, by};
      try {
        if constexpr (std::is_void_v<Answered>) {
          co_await asking;
          co_return caf::message{};
        } else {
          Answered out = co_await asking;
          co_return caf::make_message(std::move(out));
        }
      } catch (const error&) {
        if (!asking.is_refused()) throw;
      }
      met = a.number();
    }
  }

  actor_question question_; ///< without its roster, which owns this
  KeyOf key_of_;
};

template <class In, class Out, class KeyOf>
stream<Out> download_from_actor(std::shared_ptr<roster> who, KeyOf key_of, std::uint32_t window, request<In> r) {
  const auto key = key_of(std::as_const(r).data());
  const assignment a = co_await some_actor(who, &key);
  actor_channel<Out> channel{r.context().call(), a.actor(), window};
  const open_channel open{a, r.context(), channel};
  channel.open(std::move(r).data());
  while (auto item = co_await channel.next()) co_yield detail::moved{*item};
}

template <class In, class Out>
task<void> feed_actor(streaming_request<In>& in, actor_channel<Out>& channel) {
  while (auto item = co_await in.next()) {
    co_await channel.credit();
    channel.send(std::move(*item));
  }
  channel.end();
}

template <class In, class Out>
stream<Out> exchange_with_actor(std::shared_ptr<roster> who, std::uint32_t window, streaming_request<In> in) {
  const assignment a = co_await some_actor(who, nullptr);
  actor_channel<Out> channel{in.context().call(), a.actor(), window};
  channel.open();
  task<void> feeding = feed_actor<In, Out>(in, channel);
  feeding.start_nested(in.context().call(), nullptr, nullptr);
  while (auto item = co_await channel.next()) co_yield detail::moved{*item};
}

template <class In, class Out>
task<Out> upload_to_actor(std::shared_ptr<roster> who, std::uint32_t window, streaming_request<In> in) {
  const assignment a = co_await some_actor(who, nullptr);
  actor_channel<Out> channel{in.context().call(), a.actor(), window};
  channel.open();
  task<void> feeding = feed_actor<In, Out>(in, channel);
  feeding.start_nested(in.context().call(), nullptr, nullptr);
  auto result = co_await channel.next();
  if (!result) throw errors::internal();
  co_return std::move(*result);
}

} // namespace actors

template <class Handle>
include_actors_handle_actor_hpp<Handle> blueprint::handle_actor(std::string_view name, Handle actor) {
  return handle_actor(name, std::move(actor), actor_options{});
}

template <class Handle>
include_actors_handle_actor_hpp<Handle> blueprint::handle_actor(std::string_view name, Handle actor,
                                                                const actor_options& o) {
  using message =
      actors::only_message<typename actors::signatures_of<typename actors::served_by<Handle>::handle>::type>;
  constexpr bool is_actor = actors::must_be_actor<Handle>();
  static_assert(!is_actor || message::count == 1,
                "only a typed actor of one message type says what it takes and gives: write "
                "app.handle_actor<In, Out>(name, actor)");
  if constexpr (is_actor && message::count == 1)
    handle_actor<typename message::in, typename message::out>(name, std::move(actor), o);
  return {};
}

template <class In, class Out, class Handle>
include_actors_handle_actor_hpp<Handle> blueprint::handle_actor(std::string_view name, Handle actor) {
  return handle_actor<In, Out>(name, std::move(actor), actor_options{});
}

template <class In, class Out, class Handle>
include_actors_handle_actor_hpp<Handle> blueprint::handle_actor(std::string_view name, Handle actor,
                                                                const actor_options& o) {
  using signatures = typename actors::signatures_of<typename actors::served_by<Handle>::handle>::type;
  constexpr bool streams = actors::side<In>::streams || actors::side<Out>::streams;
  constexpr bool sendable = actors::is_sendable<typename actors::side<In>::type>;
  constexpr bool told = !streams || !actors::side<In>::has_info;
  constexpr bool named = !actors::is_stream_of_coroutine<In> && !actors::is_stream_of_coroutine<Out>;
  using served_by = actors::served_by<Handle>;
  using key_of = decltype(served_by::key_of(actor));
  using message = typename actors::side<In>::type;
  constexpr bool keyed = !std::is_same_v<key_of, actors::no_key>;
  constexpr bool takes_key = !keyed || (!actors::side<In>::streams && key_of::template takes<message>);
  constexpr bool lacks_factory = requires { requires key_of::lacks_factory; };
  constexpr bool has_key = takes_key && std::is_invocable_v<key_of, const message&>;
  constexpr bool is_actor = actors::must_be_actor<Handle>();
  constexpr bool fits = is_actor && told && named && has_key && actors::answers<signatures, In, Out>();
  static_assert(named, "the side of an actor that streams is swill::stream_of<T> here, in place of swill::stream<T>");
  static_assert(told, "with_info is for actors of which neither side streams");
  static_assert(takes_key, "keyed actors need a key of each call: one message, which the function of the key takes");
  static_assert(!takes_key || has_key || lacks_factory,
                "the function of the key gives another type than the factory of these actors takes");
  static_assert(
      sendable || !named,
      "CAF cannot send In: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE(order) beside it, or an inspect() where it travels to "
      "other processes");
  static_assert(!is_actor || !sendable || !told || !named || !has_key || fits,
                "this typed actor does not answer In with Out: its type says what it does");
  if constexpr (sendable && fits) {
    const std::shared_ptr<actors::roster> who = served_by::who(actor);
    who->set_type(typeid(typename served_by::handle));
    add_actor<signatures, In, Out>(name, who, served_by::key_of(actor), o);
  }
  return {};
}

template <class Signatures, class In, class Out, class Who, class KeyOf>
void blueprint::add_actor(std::string_view name, const Who& who, const KeyOf& key_of, const actor_options& o) {
  if ((actors::side<In>::streams || actors::side<Out>::streams) &&
      o.timeout.value_or(std::chrono::milliseconds{0}).count() != 0)
    throw std::invalid_argument(std::string{name} + ": streams have deadlines, no timeout");
  if (o.timeout && o.timeout->count() < 0)
    throw std::invalid_argument(std::string{name} +
                                ": actor_options::timeout is negative; 0, the deadline alone, or more would be right");
  using in = typename actors::side<In>::type;
  using out = typename actors::side<Out>::type;
  if constexpr (!actors::side<In>::streams && !actors::side<Out>::streams) {
    using answered = actors::answered<Signatures, In, Out>;
    const actors::actor_question q{who, o.timeout, o.cancel || actors::wants_cancel<Signatures>};
    constexpr bool keyed = !std::is_same_v<KeyOf, actors::no_key>;
    handle(
        name,
        [q, key_of](request<in> r) -> task<out> {
          if constexpr (actors::wants_info<Signatures, In>) {
            if constexpr (keyed) {
              if (q.who->is_serial())
                return actors::call_serial_actor<in, out, answered, call_info>(q, key_of, std::move(r));
            }
            return actors::call_actor<in, out, answered, call_info>(q, key_of, std::move(r));
          } else {
            return actors::call_actor<in, out, answered>(q, key_of, std::move(r));
          }
        },
        o.handler);
    if constexpr (keyed) {
      const actors::actor_question for_actors{nullptr, o.timeout, false};
      if constexpr (actors::wants_info<Signatures, In>)
        who->add_route(std::make_shared<actors::typed_route<in, answered, KeyOf, call_info>>(std::string{name},
                                                                                             for_actors, key_of));
      else
        who->add_route(
            std::make_shared<actors::typed_route<in, answered, KeyOf>>(std::string{name}, for_actors, key_of));
    }
  } else if constexpr (!actors::side<In>::streams) {
    handle(
        name,
        [who, key_of, w = o.window](request<in> r) -> stream<out> {
          return actors::download_from_actor<in, out>(who, key_of, w, std::move(r));
        },
        o.handler);
  } else if constexpr (!actors::side<Out>::streams) {
    handle(
        name,
        [who, w = o.window](streaming_request<in> r) -> task<out> {
          return actors::upload_to_actor<in, out>(who, w, r);
        },
        o.handler);
  } else {
    handle(
        name,
        [who, w = o.window](streaming_request<in> r) -> stream<out> {
          return actors::exchange_with_actor<in, out>(who, w, r);
        },
        o.handler);
  }
  handlers_.back()->backend = who;
  handlers_.back()->has_none = who->has_none();
}

namespace actors {

/// What server::rebind does.
template <class Handle>
void rebind_handler(runtime& r, std::string_view name, const Handle& to) {
  r.rebind(name, caf::actor_cast<caf::strong_actor_ptr>(to), typeid(Handle));
}

} // namespace actors
} // namespace swill
