#include "actors/call_info.hpp"

#include "actors/connection_actor.hpp"
#include "actors/request_actor.hpp"
#include "libswill/api/app.hpp"

namespace swill::actors {

request_id id_of(context& c) { return static_cast<request_call&>(c.call()).id(); }

call_info info_of(context& c, std::optional<clock_time> end, std::string key, std::uint64_t incarnation) {
  std::optional<clock_time> deadline = c.deadline();
  if (end && (!deadline || *end < *deadline)) deadline = end;
  const auto& call = static_cast<const request_call&>(c.call());
  return {.request = id_of(c),
          .rpc = std::string{c.rpc()},
          .connection = c.connection().id(),
          .user = c.connection().user(),
          .remote_address = std::string{c.connection().remote_address()},
          .session = call.connection->notes().session,
          .metadata = c.metadata(),
          .deadline = deadline,
          .tags = c.options().tags,
          .trace = std::string{c.trace()},
          .key = std::move(key),
          .incarnation = incarnation,
          .chain = chain_of(c)};
}

std::shared_ptr<const call_chain> chain_of(const context& c) {
  const auto* known = static_cast<const request_call&>(c.call()).chain();
  return known != nullptr ? known->is : nullptr;
}

std::shared_ptr<const call_chain> begin_chain(context& c, std::string_view key) {
  return c.call().state().get<request_chain>().is = call_chain::extended(nullptr, chain_name(c.rpc(), key));
}

} // namespace swill::actors
