#pragma once

#include "libswill/api/app.hpp"

namespace swill::bench {

/// The handlers that every server of ours serves; docs/performance.md says what each is for.
swill::app make_bench_app();

} // namespace swill::bench
