#pragma once

#include <string_view>

namespace swill {

/// Whether s is a trace-id of W3C Trace Context (§3.2.2.3): 32 hex digits in lower case, not all of them 0.
bool is_trace_id(std::string_view s) noexcept;
/// The trace-id of a `traceparent` (§3.2), a part of it; empty when that is malformed.
std::string_view trace_id_in(std::string_view parent) noexcept;

} // namespace swill
