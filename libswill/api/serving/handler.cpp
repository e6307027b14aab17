#include "libswill/api/serving/handler.hpp"

namespace swill::detail {

// Here, and not in each source with handlers.
handler::handler() = default;
handler::handler(const handler&) = default;
handler::~handler() = default;

void handler::choose_way() noexcept {
  if (is_plain() && hooks.are_all_plain()) {
    chosen = hooks.empty() ? way::plain : way::plain_with_hooks;
  } else {
    chosen = way::waiting;
  }
  takes_at_once = !request_streams && hooks.before_request_data.empty();
}

// Here, and not in each source that copies or moves them: of each list the compiler makes some eighty functions.
request_hooks::request_hooks() noexcept = default;
request_hooks::request_hooks(const request_hooks&) = default;
request_hooks::request_hooks(request_hooks&&) noexcept = default;
request_hooks& request_hooks::operator=(const request_hooks&) = default;
request_hooks& request_hooks::operator=(request_hooks&&) noexcept = default;
request_hooks::~request_hooks() = default;

connection_hooks::connection_hooks() noexcept = default;
connection_hooks::connection_hooks(const connection_hooks&) = default;
connection_hooks::connection_hooks(connection_hooks&&) noexcept = default;
connection_hooks& connection_hooks::operator=(const connection_hooks&) = default;
connection_hooks& connection_hooks::operator=(connection_hooks&&) noexcept = default;
connection_hooks::~connection_hooks() = default;

bool request_hooks::are_all_plain() const noexcept {
  return are_plain(before_request) && are_plain(before_request_metadata) && are_plain(before_request_data) &&
         are_plain(before_request_message) && are_plain(before_leading_metadata) &&
         are_plain(before_response_message) && are_plain(before_trailing_metadata) && are_plain(after_request);
}

} // namespace swill::detail
