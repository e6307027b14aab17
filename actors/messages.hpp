#pragma once

#include "actors/listed_connection.hpp"
#include "actors/request_id.hpp"

#include "libswill/base/value.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <string>
#include <vector>

// Messages that connection and request actors take from anybody (docs/architecture.md, "Actors").

namespace swill {

/// To a connection: its client's inbox gets {name, value} (docs/pubsub.md). Answered by whether that is open; false where the server has no
/// pub/sub.
struct push {
  std::string name;
  swill::value value{};
};

namespace actors {

/// To a request, alone or with a std::string that says why: its handler is cancelled, and the client gets ERROR 499.
using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
/// To a request, with std::chrono::milliseconds: it ends with ERROR 408 so much later than this arrives, whatever its deadline was. 0 or less:
/// at once.
using deadline_atom = caf::atom_constant<caf::atom("deadline")>;
/// To a connection, with (int code, std::string reason): closes it after what is queued.
using close_atom = caf::atom_constant<caf::atom("close")>;
/// To a connection, with a std::string: swill::connection::set_user.
using user_atom = caf::atom_constant<caf::atom("user")>;
/// To a connection: answered with its connection_info. To a request: with its request_info.
using describe_atom = caf::atom_constant<caf::atom("describe")>;

/// One open request, as a listing shows it.
struct request_info {
  caf::actor_id actor = 0;
  request_id id;
  std::string connection;
  std::string rpc;
  std::uint64_t seq = 0;
  std::int64_t age_ms = 0;
  bool answered = false; ///< the final envelope is sent, hooks or the handler still run
  std::string trace;     ///< trace-id of the `traceparent` that the client sent; empty: none
};

struct connection_info : listed_connection {
  caf::actor_id actor = 0;
};

} // namespace actors
} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::push)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::actors::request_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::actors::connection_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<swill::actors::request_info>)
