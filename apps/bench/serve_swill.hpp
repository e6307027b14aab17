#pragma once

#include <cstdint>

namespace swill::bench {

/// Whether this program was built with the library it is to measure.
bool has_swill() noexcept;

/// Swill with the handlers of the scenarios, on 127.0.0.1, until it is killed.
int serve_swill(std::uint16_t port, unsigned io_threads);

} // namespace swill::bench
