#pragma once

#include "actors/actor_channel.hpp"
#include "actors/ask.hpp"

#include "libswill/api/app.hpp"

#include <caf/all.hpp>

#include <stdexcept>
#include <type_traits>

namespace swill {

/// What may be said of a handler that is an actor.
struct actor_options {
  /// How long an answer may take where neither side streams, beside the request's deadline. 0: the deadline alone. When it passes: ERROR
  /// 408. Streams are limited by deadlines only (handler_options::default_deadline); with a timeout they are refused: std::invalid_argument.
  std::chrono::milliseconds timeout{0};
  /// Items that may be under way to the actor, and from it, in streams; 0 counts as 1. An actor that sends more than it was granted has
  /// its request ended by ERROR 500.
  std::uint32_t window = 64;
  handler_options handler{};
};

/// `stream_of<T>` in place of In or Out of handle_actor says that it streams.
template <class T>
struct stream_of {};

namespace actors {

template <class T>
struct side {
  using type = T;
  static constexpr bool streams = false;
};
template <class T>
struct side<stream_of<T>> {
  using type = T;
  static constexpr bool streams = true;
};

/// One coroutine for each of the four shapes. Parameters, not captures: they live in the frame.
template <class In, class Out>
task<Out> call_actor(caf::strong_actor_ptr to, std::chrono::milliseconds timeout, request<In> r) {
  ask_operation<Out, In> asking{to, timeout, {std::move(r).data()}};
  co_return co_await std::move(asking);
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

// --- What a typed actor says of itself

template <class Handle>
struct signatures_of {
  using type = caf::none_t;
};
template <class... Sigs>
struct signatures_of<caf::typed_actor<Sigs...>> {
  using type = caf::detail::type_list<Sigs...>;
};

/// The one message of a typed actor, and its answer.
template <class Signatures>
struct only_message {
  static constexpr bool exists = false;
};
template <class In, class Out>
struct only_message<caf::detail::type_list<caf::typed_mpi<caf::detail::type_list<In>, caf::output_tuple<Out>>>> {
  static constexpr bool exists = true;
  using in = In;
  using out = Out;
};
template <class In>
struct only_message<caf::detail::type_list<caf::typed_mpi<caf::detail::type_list<In>, caf::output_tuple<>>>> {
  static constexpr bool exists = true;
  using in = In;
  using out = void;
};

/// Whether an actor with these signatures answers In with Out, or takes part in a stream of them; of one that is not typed nobody knows.
template <class Signatures, class In, class Out>
consteval bool answers() {
  using in = typename side<In>::type;
  if constexpr (std::is_same_v<Signatures, caf::none_t>) {
    return true;
  } else if constexpr (side<In>::streams) {
    return caf::response_type<Signatures, open_atom, caf::actor>::valid;
  } else if constexpr (side<Out>::streams) {
    return caf::response_type<Signatures, open_atom, caf::actor, in>::valid;
  } else if constexpr (!caf::response_type<Signatures, in>::valid) {
    return false;
  } else {
    using given = typename caf::response_type<Signatures, in>::type;
    return std::is_same_v<given, caf::detail::type_list<Out>> ||
           (std::is_void_v<Out> && std::is_same_v<given, caf::detail::type_list<>>);
  }
}

} // namespace actors

template <class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor) {
  handle_actor(name, std::move(actor), actor_options{});
}

template <class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor, const actor_options& o) {
  using message = actors::only_message<typename actors::signatures_of<Handle>::type>;
  static_assert(message::exists, "only a typed actor of one message type says what it takes and gives: write "
                                 "app.handle_actor<In, Out>(name, actor)");
  if constexpr (message::exists) handle_actor<typename message::in, typename message::out>(name, std::move(actor), o);
}

template <class In, class Out, class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor) {
  handle_actor<In, Out>(name, std::move(actor), actor_options{});
}

template <class In, class Out, class Handle>
void blueprint::handle_actor(std::string_view name, Handle actor, const actor_options& o) {
  constexpr bool sendable = actors::is_sendable<typename actors::side<In>::type>;
  constexpr bool fits = actors::answers<typename actors::signatures_of<Handle>::type, In, Out>();
  static_assert(
      sendable,
      "CAF cannot send In: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE(order) beside it, or an inspect() where it travels to "
      "other processes");
  static_assert(!sendable || fits, "this typed actor does not answer In with Out: its type says what it does");
  if constexpr (sendable && fits) add_actor<In, Out>(name, caf::actor_cast<caf::strong_actor_ptr>(actor), o);
}

template <class In, class Out, class Target>
void blueprint::add_actor(std::string_view name, const Target& to, const actor_options& o) {
  if ((actors::side<In>::streams || actors::side<Out>::streams) && o.timeout.count() != 0)
    throw std::invalid_argument(std::string{name} + ": streams have deadlines, no timeout");
  using in = typename actors::side<In>::type;
  using out = typename actors::side<Out>::type;
  if constexpr (!actors::side<In>::streams && !actors::side<Out>::streams) {
    handle(
        name,
        [to, t = o.timeout](request<in> r) -> task<out> { return actors::call_actor<in, out>(to, t, std::move(r)); },
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
