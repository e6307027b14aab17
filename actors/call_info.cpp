#include "actors/call_info.hpp"

#include "actors/connection_actor.hpp"
#include "actors/request_actor.hpp"
#include "libswill/api/app.hpp"

#include <atomic>

namespace swill::actors {

namespace {

std::uint64_t next_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// Part of the state of a request that was asked for its id.
struct identity {
  request_id id{next_number()};
};

} // namespace

request_id id_of(context& c) { return c.state<identity>().id; }

call_info info_of(context& c, std::optional<clock_time> deadline) {
  const auto& call = static_cast<const request_call&>(c.call());
  return {.request = id_of(c),
          .rpc = std::string{c.rpc()},
          .connection = c.connection().id(),
          .user = c.connection().user(),
          .session = call.connection->notes().session,
          .metadata = c.metadata(),
          .deadline = deadline,
          .tags = c.options().tags,
          .trace = std::string{c.trace()}};
}

} // namespace swill::actors
