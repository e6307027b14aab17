#pragma once

#include "actors/call_chain.hpp"
#include "actors/request_id.hpp"

#include "libswill/api/metadata.hpp"
#include "libswill/base/loop.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace swill {

class context;

/// Who calls, and what is known of the call: what a handler actor is sent before In, when it takes (swill::call_info, In). A value, which the
/// actor may keep (docs/actors.md).
struct call_info {
  request_id request;
  std::string rpc;
  std::string connection;     ///< its id
  std::string user;           ///< swill::connection::user; empty: nobody has said yet who it is
  std::string remote_address; ///< of the connection
  std::string session;        ///< a short hash of its session's id, as lists of connections show it; empty: none
  swill::metadata metadata;
  /// When the client is answered without the actor, if ever: by the request's deadline or actor_options::timeout.
  std::optional<clock_time> deadline;
  std::vector<std::string> tags; ///< handler_options::tags
  std::string trace;             ///< trace-id of the client's `traceparent`; empty: none
  std::string key;               ///< of a keyed actor, where it is text or a number
  std::uint64_t incarnation = 0; ///< of the actor; one that takes its place later has a larger one
  /// Of serial keyed actors: the calls that wait for this one, and this one. Shared by copies, never changed. Null where no such actor takes part.
  std::shared_ptr<const call_chain> chain{};
};

/// `answer<double>{4.5, {"source", "cache"}}`: what a handler actor answers with metadata of the response beside the value
/// (docs/protocol.md §6).
template <class Out>
struct answer {
  Out value{};
  metadata leading{};
  metadata trailing{};
};

namespace actors {
/// That of a request; made when first asked for. From any thread.
request_id id_of(context& c);
/// Of a request that is answered without the actor at that time, or at its deadline. On its thread.
call_info info_of(context& c, std::optional<clock_time> end, std::string key, std::uint64_t incarnation);
/// That which a request has begun; null: none.
std::shared_ptr<const call_chain> chain_of(const context& c);
/// A request calls a serial actor with this key.
std::shared_ptr<const call_chain> begin_chain(context& c, std::string_view key);
} // namespace actors

} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::call_info)
template <class Out>
struct caf::allowed_unsafe_message_type<swill::answer<Out>> : std::true_type {};
