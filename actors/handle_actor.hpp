#pragma once

#include "actors/actor_signature.hpp"
#include "actors/ask.hpp"

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
  /// timeout they are refused: std::invalid_argument.
  std::optional<std::chrono::milliseconds> timeout{};
  /// Where neither side streams: when nobody waits for an answer any more (CANCEL, the deadline, the timeout, the end of the connection), the
  /// actor is sent (cancel_atom, request_id), with the id that its call_info had. A typed actor that has this message gets it in any case.
  bool cancel = false;
  /// Items that may be under way to the actor, and from it, in streams; 0 counts as 1. An actor that sends more than it was granted has
  /// its request ended by ERROR 500.
  std::uint32_t window = 64;
  handler_options handler{};
};

namespace actors {

/// How an actor is asked where neither side streams.
struct actor_question {
  caf::strong_actor_ptr to;
  std::optional<std::chrono::milliseconds> timeout; ///< actor_options::timeout
  bool cancel = false;                              ///< it is told when nobody waits for its answer any more
};

/// How long it may take to answer, beside the request's deadline; 0: that alone.
std::chrono::milliseconds time_for(const actor_question& q, context& c);
/// When the client is answered without it.
std::optional<clock_time> end_of(std::chrono::milliseconds time, context& c);
/// Tells it that nobody waits for the answer to this request.
void tell_cancelled(const actor_question& q, request_id id);

/// While the answer to a question may still come.
class open_question {
public:
  open_question(const actor_question& q, context& c, const ask_base& asked)
      : question_(q), context_(c), asked_(asked) {}
  open_question(const open_question&) = delete;
  open_question& operator=(const open_question&) = delete;
  ~open_question() {
    if (question_.cancel && !asked_.is_answered()) tell_cancelled(question_, id_of(context_));
  }

private:
  const actor_question& question_;
  context& context_;
  const ask_base& asked_;
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
template <class In, class Out, class Answered, class... Info>
task<Out> call_actor(actor_question q, request<In> r) {
  context& c = r.context();
  const std::chrono::milliseconds time = time_for(q, c);
  std::tuple<Info..., In> message{Info(info_of(c, end_of(time, c)))..., std::move(r).data()};
  ask_awaiter<Answered, Info..., In> asking{q.to, time, std::move(message)};
  const open_question open{q, c, asking};
  if constexpr (std::is_void_v<Out>) {
    co_await asking;
  } else {
    Answered out = co_await asking;
    co_return take_answer(c, out);
  }
}

template <class In, class Out>
stream<Out> download_from_actor(caf::strong_actor_ptr to, std::uint32_t window, request<In> r) {
  actor_channel<Out> channel{r.context().call(), to, window};
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
stream<Out> exchange_with_actor(caf::strong_actor_ptr to, std::uint32_t window, streaming_request<In> in) {
  actor_channel<Out> channel{in.context().call(), to, window};
  channel.open();
  task<void> feeding = feed_actor<In, Out>(in, channel);
  feeding.start_nested(in.context().call(), nullptr, nullptr);
  while (auto item = co_await channel.next()) co_yield detail::moved{*item};
}

template <class In, class Out>
task<Out> upload_to_actor(caf::strong_actor_ptr to, std::uint32_t window, streaming_request<In> in) {
  actor_channel<Out> channel{in.context().call(), to, window};
  channel.open();
  task<void> feeding = feed_actor<In, Out>(in, channel);
  feeding.start_nested(in.context().call(), nullptr, nullptr);
  auto result = co_await channel.next();
  if (!result) throw errors::internal();
  co_return std::move(*result);
}

} // namespace actors

template <class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor) {
  handle_actor(name, std::move(actor), actor_options{});
}

template <class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor, const actor_options& o) {
  using message = actors::only_message<typename actors::signatures_of<Handle>::type>;
  static_assert(message::count == 1, "only a typed actor of one message type says what it takes and gives: write "
                                     "app.handle_actor<In, Out>(name, actor)");
  if constexpr (message::count == 1)
    handle_actor<typename message::in, typename message::out>(name, std::move(actor), o);
}

template <class In, class Out, class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor) {
  handle_actor<In, Out>(name, std::move(actor), actor_options{});
}

template <class In, class Out, class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor, const actor_options& o) {
  using signatures = typename actors::signatures_of<Handle>::type;
  constexpr bool streams = actors::side<In>::streams || actors::side<Out>::streams;
  constexpr bool sendable = actors::is_sendable<typename actors::side<In>::type>;
  constexpr bool told = !streams || !actors::side<In>::has_info;
  constexpr bool fits = told && actors::answers<signatures, In, Out>();
  static_assert(told, "with_info is for actors of which neither side streams");
  static_assert(
      sendable,
      "CAF cannot send In: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE(order) beside it, or an inspect() where it travels to "
      "other processes");
  static_assert(!sendable || !told || fits, "this typed actor does not answer In with Out: its type says what it does");
  if constexpr (sendable && fits)
    add_actor<signatures, In, Out>(name, caf::actor_cast<caf::strong_actor_ptr>(actor), o);
}

template <class Signatures, class In, class Out, class Target>
void blueprint::add_actor(std::string_view name, const Target& to, const actor_options& o) {
  if ((actors::side<In>::streams || actors::side<Out>::streams) &&
      o.timeout.value_or(std::chrono::milliseconds{0}).count() != 0)
    throw std::invalid_argument(std::string{name} + ": streams have deadlines, no timeout");
  using in = typename actors::side<In>::type;
  using out = typename actors::side<Out>::type;
  if constexpr (!actors::side<In>::streams && !actors::side<Out>::streams) {
    using answered = actors::answered<Signatures, In, Out>;
    const actors::actor_question q{to, o.timeout, o.cancel || actors::wants_cancel<Signatures>};
    handle(
        name,
        [q](request<in> r) -> task<out> {
          if constexpr (actors::wants_info<Signatures, In>)
            return actors::call_actor<in, out, answered, call_info>(q, std::move(r));
          else
            return actors::call_actor<in, out, answered>(q, std::move(r));
        },
        o.handler);
  } else if constexpr (!actors::side<In>::streams) {
    handle(
        name,
        [to, w = o.window](request<in> r) -> stream<out> {
          return actors::download_from_actor<in, out>(to, w, std::move(r));
        },
        o.handler);
  } else if constexpr (!actors::side<Out>::streams) {
    handle(
        name,
        [to, w = o.window](streaming_request<in> r) -> task<out> { return actors::upload_to_actor<in, out>(to, w, r); },
        o.handler);
  } else {
    handle(
        name,
        [to, w = o.window](streaming_request<in> r) -> stream<out> {
          return actors::exchange_with_actor<in, out>(to, w, r);
        },
        o.handler);
  }
  handlers_.back()->has_none = !to;
  handlers_.back()->stop = [to](void* system) {
    if (to && to->home_system == system && to->nid == to->home_system->node())
      caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
  };
}

} // namespace swill
