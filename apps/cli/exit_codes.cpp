#include "apps/cli/exit_codes.hpp"

#include "libswill/client/errors.hpp"

namespace swill::cli {

exit_code exit_code_of(const error& e) {
  if (const auto* c = dynamic_cast<const connect_error*>(&e)) {
    switch (c->http_status) { // of a handshake that was rejected
      case 401:
      case 403: return exit_code::denied;
      case 429:
      case 503: return exit_code::busy;
      default: break;
    }
    const bool usage = c->why == connect_error::kind::bad_url || c->why == connect_error::kind::unsupported;
    return usage ? exit_code::usage : exit_code::connection;
  }
  const bool is_too_large = e.is(error_code::too_large); // so it would be again
  if (dynamic_cast<const connection_lost*>(&e) != nullptr && !is_too_large) return exit_code::connection;
  switch (e.code) {
    case 401:
    case 403: return exit_code::denied;
    case 404: return exit_code::not_found;
    case 408: return exit_code::deadline;
    case 422: return exit_code::validation;
    case 429:
    case 503: return exit_code::busy;
    case 499: return exit_code::cancelled;
    case 501: return exit_code::client_error;
    default: break;
  }
  if (e.code >= 400 && e.code < 500) return exit_code::client_error;
  if (e.code >= 500 && e.code < 600) return exit_code::server_error;
  return exit_code::application;
}

} // namespace swill::cli
