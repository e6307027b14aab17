#pragma once

#include "actors/messages.hpp"

#include "libswill/api/connection.hpp"
#include "libswill/api/context.hpp"
#include "libswill/base/close_reason.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Connections and requests as actors for those outside of them (docs/actors.md, "Handles"). Include this to use context::actor, context::id,
// connection::actor, and find_request and find_connection of a server.

namespace swill {

namespace actors {
class runtime;
}

using actors::cancel_atom;
using actors::close_atom;
using actors::connection_info;
using actors::deadline_atom;
using actors::describe_atom;
using actors::request_info;
using actors::user_atom;

/// One request, until its handler and hooks have ended; never another one. From any thread, and for as long as its actor system lives. Whoever
/// monitors it is told of its end.
using request_handle = caf::typed_actor<caf::reacts_to<cancel_atom>, caf::reacts_to<cancel_atom, std::string>,
                                        caf::reacts_to<deadline_atom, std::chrono::milliseconds>,
                                        caf::replies_to<describe_atom>::with<request_info>>;

/// One connection, until all of its requests have ended and after_connection has run. From any thread, and for as long as its actor system
/// lives. Whoever monitors it is told why it has ended: close_reason_of.
using connection_handle =
    caf::typed_actor<caf::reacts_to<close_atom, int, std::string>, caf::reacts_to<user_atom, std::string>,
                     caf::replies_to<push>::with<bool>, caf::replies_to<describe_atom>::with<connection_info>>;

/// The same, which takes messages of these types, too: those of app::on_message.
template <class... Messages>
using connection_handle_of = typename connection_handle::template extend<caf::reacts_to<Messages>...>;

/// Why a connection has ended, from what monitors and links of it are told (caf::down_msg::reason, caf::exit_msg::reason). Empty when its actor
/// was ended by somebody, as the reason says; then it closes with 1011.
std::optional<close_reason> close_reason_of(const caf::error& reason);

namespace actors {
caf::error end_of_connection(const close_reason& why);
caf::strong_actor_ptr actor_of_request(const context& c);
caf::strong_actor_ptr actor_of_connection(const connection& c);
caf::strong_actor_ptr find_actor(caf::actor_system& system, request_id id);
caf::strong_actor_ptr find_actor(caf::actor_system& system, std::string_view connection);
caf::actor_system& system_of(runtime& r) noexcept;
} // namespace actors

/// A request of the server of this actor system, while its handler or hooks run, by the id that context::id has given, or call_info, or a list.
/// Empty: there is none. From any thread.
inline request_handle find_request(caf::actor_system& system, request_id id) {
  return caf::actor_cast<request_handle>(actors::find_actor(system, id));
}
/// An open connection of it, by swill::connection::id. Empty: there is none. From any thread.
template <class... Messages>
connection_handle_of<Messages...> find_connection(caf::actor_system& system, std::string_view id) {
  return caf::actor_cast<connection_handle_of<Messages...>>(actors::find_actor(system, id));
}

inline auto context::actor() const { return caf::actor_cast<request_handle>(actors::actor_of_request(*this)); }

template <class... Messages>
auto connection::actor() const {
  return caf::actor_cast<connection_handle_of<Messages...>>(actors::actor_of_connection(*this));
}

namespace actors {
// What server::find_request and server::find_connection do.
inline request_handle request_of(runtime& r, request_id id) { return find_request(system_of(r), id); }
template <class... Messages>
connection_handle_of<Messages...> connection_of(runtime& r, std::string_view id) {
  return find_connection<Messages...>(system_of(r), id);
}
} // namespace actors

} // namespace swill
