#pragma once

#include <cstdint>

namespace swill::bench {

/// Swill with the handlers of the scenarios, on 127.0.0.1, until it is killed.
int serve_swill(std::uint16_t port, unsigned io_threads);

} // namespace swill::bench
