#pragma once

#include "apps/conformance/hook_log.hpp"
#include "libswill/api/app.hpp"

namespace swill::conformance {

// The handlers of tests/conformance/app.md by theme; called in this order, they are registered in the order of its table.
void add_unary_handlers(app& to);
void add_stream_handlers(app& to, hook_log& log);
void add_error_handlers(app& to);
void add_metadata_handlers(app& to);
void add_timing_handlers(app& to, hook_log& log);
void add_connection_handlers(app& to, hook_log& log);

/// `bp.echo` and `bp.fail`, with hooks of their own.
blueprint make_blueprint(hook_log& log);

/// The app's own hooks: they log, and misbehave where the query or the metadata ask for it.
void add_hooks(app& to, hook_log& log);

} // namespace swill::conformance
