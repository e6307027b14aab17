#pragma once

#include <cstdint>

namespace swill::bench::bare {

/// The baseline: one thread, Beast and msgpack-cxx, nothing else. Listens on 127.0.0.1 and serves until it is killed.
int serve(std::uint16_t port);

} // namespace swill::bench::bare
