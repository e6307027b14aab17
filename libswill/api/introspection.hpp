#pragma once

#include "libswill/api/detail/service.hpp"

namespace swill {

/// The record of one handler in `swill.introspect` (docs/protocol.md §8).
value introspection_record(const detail::handler& h);

/// Adds `swill.introspect` and what else every server serves. The service must outlive its handlers.
void add_builtin_handlers(detail::service& s);

} // namespace swill
