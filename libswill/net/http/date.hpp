#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace swill::net::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7).
std::string date_text(std::time_t when);
/// Nothing for what is no date of that form: the two that RFC 850 and asctime had are obsolete since 1997, and count as no date.
std::optional<std::time_t> read_date(std::string_view text);
/// What `Date` says now. Made once a second and thread.
std::string_view date_now();

} // namespace swill::net::http
