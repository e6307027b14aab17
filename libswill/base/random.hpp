#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace swill {

/// Bytes from the operating system's source (getrandom(2)), good for secrets, also in a child of fork(). Each thread asks for some more than it
/// needs at once. From any thread. Throws std::system_error when the system
/// has none to give.
void fill_random(void* to, std::size_t size);

/// That many random bytes as twice as many hex digits.
std::string random_hex(std::size_t size);

/// Half of d, and a random share of the other half: so that those who begin to wait together do not end together. At most an hour.
std::chrono::microseconds with_jitter(std::chrono::microseconds d);

} // namespace swill
