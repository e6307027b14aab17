#include "libswill/base/error.hpp"

namespace swill {

// Here, and not in each of the many sources that throw.
error::error() = default;
error::error(std::int64_t code, std::string message, value data)
    : code(code), message(std::move(message)), data(std::move(data)) {}
error::error(error_code code, std::string message, value data)
    : error(static_cast<std::int64_t>(code), std::move(message), std::move(data)) {}
error::error(const error&) = default;
error::error(error&&) noexcept = default;
error& error::operator=(const error&) = default;
error& error::operator=(error&&) noexcept = default;
error::~error() = default;

namespace errors {

namespace {

value data_of(std::string_view key, value first, entries more) {
  value data;
  data.set(key, std::move(first));
  for (const auto& [k, v] : more) data.set(k, v);
  return data;
}

} // namespace

error internal() { return {error_code::internal_error, "An internal server error occurred"}; }

error unavailable(std::string message, entries more) {
  return {error_code::unavailable, std::move(message), data_of("retryable", true, more)};
}

error conflict(std::string message) {
  return {error_code::conflict, std::move(message), data_of("retryable", true, {})};
}

error too_many(std::string message, std::chrono::milliseconds retry_after, entries more) {
  return {error_code::too_many_requests, std::move(message), data_of("retry_after_ms", retry_after.count(), more)};
}

} // namespace errors

int close_code_on_the_wire(int code) noexcept {
  if (code < 1000) return 1000;
  const bool registered = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  return registered || (code >= 3000 && code <= 4999) ? code : 1011;
}

std::string_view cut_text(std::string_view s, std::size_t limit) noexcept {
  if (s.size() <= limit) return s;
  while (limit > 0 && (static_cast<unsigned char>(s[limit]) & 0xC0) == 0x80) --limit;
  return s.substr(0, limit);
}

std::string_view name_of(error_code code) noexcept {
  switch (code) {
    case error_code::bad_request: return "BAD_REQUEST";
    case error_code::unauthorized: return "UNAUTHORIZED";
    case error_code::forbidden: return "FORBIDDEN";
    case error_code::not_found: return "NOT_FOUND";
    case error_code::deadline_exceeded: return "DEADLINE_EXCEEDED";
    case error_code::conflict: return "CONFLICT";
    case error_code::too_large: return "TOO_LARGE";
    case error_code::validation_error: return "VALIDATION_ERROR";
    case error_code::too_many_requests: return "TOO_MANY_REQUESTS";
    case error_code::cancelled: return "CANCELLED";
    case error_code::internal_error: return "INTERNAL_ERROR";
    case error_code::invalid_rpc: return "INVALID_RPC";
    case error_code::unavailable: return "UNAVAILABLE";
  }
  return {};
}

} // namespace swill
