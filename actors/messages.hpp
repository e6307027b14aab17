#pragma once

#include "actors/listed_connection.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <string>
#include <vector>

// Messages that connection and request actors take from anybody (docs/architecture.md, "Actors").

namespace swill::actors {

/// To a request, alone or with a std::string that says why: its handler is cancelled, and the client gets ERROR 499.
using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
/// To a connection, with (int code, std::string reason): closes it after what is queued.
using close_atom = caf::atom_constant<caf::atom("close")>;
/// To a connection: answered with its connection_info. To a request: with its request_info.
using describe_atom = caf::atom_constant<caf::atom("describe")>;

/// One open request, as a listing shows it.
struct request_info {
  caf::actor_id actor = 0;
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

} // namespace swill::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::actors::request_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::actors::connection_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<swill::actors::request_info>)
