#pragma once

#include <cstdint>

namespace swill::test {

/// A port of 127.0.0.1 that nobody listens on now. Throws std::runtime_error when there is none.
std::uint16_t free_port();

} // namespace swill::test
