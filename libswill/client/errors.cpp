#include "libswill/client/errors.hpp"

#include <utility>

namespace swill {

namespace {

error_code code_of(connect_error::kind why, int http_status) {
  switch (why) {
    case connect_error::kind::bad_url: return error_code::bad_request;
    case connect_error::kind::unreachable:
    case connect_error::kind::timed_out: return error_code::unavailable;
    case connect_error::kind::rejected:
      if (http_status >= 400) return error_code{http_status};
      break;
    case connect_error::kind::unsupported:
    case connect_error::kind::protocol:
    case connect_error::kind::tls: break;
  }
  return error_code::invalid_rpc;
}

value connect_data(connect_error::kind why, int http_status) {
  const bool retryable =
      why == connect_error::kind::unreachable || why == connect_error::kind::timed_out || http_status == 503;
  value data = value::map({{"retryable", retryable}});
  if (why == connect_error::kind::rejected) data.set("http_status", http_status);
  return data;
}

/// Going away, lost, and the server's own trouble; not what we or the application did.
bool may_retry(const close_reason& why) {
  switch (why.code) {
    case 1001:
    case 1006:
    case 1011:
    case 1012:
    case 1013:
    case 1014: return true;
    default: return false;
  }
}

std::string text_of(const close_reason& why, error_code code) {
  std::string text = code == error_code::too_large ? "a message was larger than the server takes: " : "";
  text += why.code == 1006 ? "connection lost" : "connection closed with " + std::to_string(why.code);
  if (!why.reason.empty() && why.reason != "connection lost") text += ": " + why.reason;
  return text;
}

} // namespace

connect_error::connect_error(kind why, std::string message, int http_status)
    : error(code_of(why, http_status), std::move(message), connect_data(why, http_status)),
      why(why),
      http_status(http_status) {}

connection_lost::connection_lost(close_reason w, error_code code)
    : error(code, text_of(w, code),
            value::map({{"retryable", may_retry(w)}, {"close_code", w.code}, {"close_reason", w.reason}})),
      why(std::move(w)),
      retryable(may_retry(why)) {}

} // namespace swill
