#pragma once

#include <cstdint>

namespace swill::bench::bare {

/// The baseline: one thread, Beast and msgpack-cxx (and hiredis, for `visit`), nothing else. Listens on 127.0.0.1 and serves until it is
/// killed. `redis`: its port, or 0.
int serve(std::uint16_t port, std::uint16_t redis);

} // namespace swill::bench::bare
