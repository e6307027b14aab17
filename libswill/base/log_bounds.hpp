#pragma once

#include <cstddef>

// What one line of the log may take, in bytes: whoever formats lines cuts at these.

namespace swill {

inline constexpr std::size_t longest_text = 64 * 1024;
/// Of a connection, a user, an rpc, a field.
inline constexpr std::size_t longest_name = 200;
/// Of a field.
inline constexpr std::size_t longest_value = 4096;

} // namespace swill
