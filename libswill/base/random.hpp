#pragma once

#include <cstddef>
#include <string>

namespace swill {

/// Bytes from the operating system's source (getrandom(2)), good for secrets. From any thread. Throws std::system_error when the system
/// has none to give.
void fill_random(void* to, std::size_t size);

/// That many random bytes as twice as many hex digits.
std::string random_hex(std::size_t size);

} // namespace swill
