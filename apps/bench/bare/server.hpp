#pragma once

#include <cstdint>

namespace swill::bench::bare {

/// The baseline: one thread, Beast and msgpack-cxx, nothing else. Listens on 127.0.0.1 and serves until it is killed. `own_frames`: Beast does the
/// handshake only, and frames are read by hand, all of those that one recv() has brought.
int serve(std::uint16_t port, bool own_frames);

} // namespace swill::bench::bare
