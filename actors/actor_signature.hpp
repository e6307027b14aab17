#pragma once

#include "actors/actor_channel.hpp"
#include "actors/call_info.hpp"
#include "actors/messages.hpp"

#include <caf/all.hpp>

#include <type_traits>

// What handle_actor is told of an actor's messages, and what a typed actor says of them itself.

namespace swill {

/// `stream_of<T>` in place of In or Out of handle_actor says that it streams.
template <class T>
struct stream_of {};

/// `with_info<T>` in place of In says that an actor which is not typed takes (swill::call_info, T). A typed one says so itself.
template <class T>
struct with_info {};

namespace actors {

template <class T>
struct side {
  using type = T;
  static constexpr bool streams = false;
  static constexpr bool has_info = false;
};
template <class T>
struct side<stream_of<T>> : side<T> {
  static constexpr bool streams = true;
};
template <class T>
struct side<with_info<T>> : side<T> {
  static constexpr bool has_info = true;
};
template <class T>
struct side<answer<T>> : side<T> {};

/// Refers to actors that a server makes: what app.spawn gives, and swill::supervised, pool and keyed.
template <class T>
concept refers_to_made_actors = requires {
  typename T::handle_type;
};

template <class Handle>
struct signatures_of {
  using type = caf::none_t;
};
template <class... Sigs>
struct signatures_of<caf::typed_actor<Sigs...>> {
  using type = caf::detail::type_list<Sigs...>;
};

/// One message of a typed actor, as a call: what comes in, and what goes out.
template <class In, class Out>
struct served_message {
  static constexpr std::size_t count = 1;
  using in = In;
  using out = Out;
};
struct no_message {
  static constexpr std::size_t count = 0;
};
/// Of a form that no call has.
struct other_message {
  static constexpr std::size_t count = 2;
};

template <class Signature>
struct message_of {
  using type = other_message;
};
template <class In, class Out>
struct message_of<caf::typed_mpi<caf::detail::type_list<In>, caf::output_tuple<Out>>> {
  using type = served_message<In, Out>;
};
template <class In>
struct message_of<caf::typed_mpi<caf::detail::type_list<In>, caf::output_tuple<>>> {
  using type = served_message<In, void>;
};
template <class In, class Out>
struct message_of<caf::typed_mpi<caf::detail::type_list<call_info, In>, caf::output_tuple<Out>>> {
  using type = served_message<with_info<In>, Out>;
};
template <class In>
struct message_of<caf::typed_mpi<caf::detail::type_list<call_info, In>, caf::output_tuple<>>> {
  using type = served_message<with_info<In>, void>;
};
template <class Out>
struct message_of<caf::typed_mpi<caf::detail::type_list<cancel_atom, request_id>, Out>> {
  using type = no_message;
};

/// The first of these that is a call, and how many there are.
template <class... Messages>
struct first_message : no_message {};
template <class First, class... Rest>
struct first_message<First, Rest...> : std::conditional_t<First::count != 0, First, first_message<Rest...>> {
  static constexpr std::size_t count = First::count + first_message<Rest...>::count;
};

/// The one message of a typed actor that is a call, and its answer.
template <class Signatures>
struct only_message : no_message {};
template <class... Sigs>
struct only_message<caf::detail::type_list<Sigs...>> : first_message<typename message_of<Sigs>::type...> {};

/// A typed actor says that it takes this message.
template <class Signatures, class... Message>
inline constexpr bool takes =
    !std::is_same_v<Signatures, caf::none_t> && caf::response_type<Signatures, Message...>::valid;

/// It is sent (call_info, In).
template <class Signatures, class In>
inline constexpr bool wants_info = side<In>::has_info || takes<Signatures, call_info, typename side<In>::type>;

/// It hears of calls that nobody waits for any more.
template <class Signatures>
inline constexpr bool wants_cancel = takes<Signatures, cancel_atom, request_id>;

/// What a typed actor answers to a call: a list; void where it does not take it.
template <class Signatures, class In>
consteval auto given_type() {
  using in = typename side<In>::type;
  if constexpr (side<In>::has_info || takes<Signatures, call_info, in>) {
    if constexpr (takes<Signatures, call_info, in>) return caf::response_type_t<Signatures, call_info, in>{};
  } else if constexpr (takes<Signatures, in>) {
    return caf::response_type_t<Signatures, in>{};
  }
}
template <class Signatures, class In>
using given = decltype(given_type<Signatures, In>());

/// What it answers as a message: `answer<Out>` where a typed one says so, or who registers it.
template <class Signatures, class In, class Out>
using answered =
    std::conditional_t<std::is_same_v<given<Signatures, In>, caf::detail::type_list<answer<Out>>>, answer<Out>, Out>;

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
  } else {
    using out = given<Signatures, In>;
    return std::is_same_v<out, caf::detail::type_list<answered<Signatures, In, Out>>> ||
           (std::is_void_v<Out> && std::is_same_v<out, caf::detail::type_list<>>);
  }
}

} // namespace actors
} // namespace swill
