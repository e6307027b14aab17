#pragma once

#include "libswill/api/serving/service.hpp"

namespace swill {

/// The record of one handler in `swill.introspect` (docs/protocol.md §8).
value introspection_record(const detail::handler& h);

/// The handler `swill.introspect`, which tells what `s` serves, and belongs into it: `s` must outlive it.
std::shared_ptr<detail::handler> make_introspection(const detail::service& s);

} // namespace swill
