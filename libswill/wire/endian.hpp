#pragma once

#include <bit>
#include <concepts>
#include <cstring>

namespace swill::wire::detail {

template <std::unsigned_integral U>
constexpr U big_endian(U u) noexcept {
  if constexpr (std::endian::native == std::endian::big || sizeof(U) == 1) {
    return u;
  } else if constexpr (sizeof(U) == 2) {
    return __builtin_bswap16(u);
  } else if constexpr (sizeof(U) == 4) {
    return __builtin_bswap32(u);
  } else {
    return __builtin_bswap64(u);
  }
}

template <std::unsigned_integral U>
U load(const void* from) noexcept {
  U u;
  std::memcpy(&u, from, sizeof u);
  return big_endian(u);
}

template <std::unsigned_integral U>
void store(void* to, U u) noexcept {
  u = big_endian(u);
  std::memcpy(to, &u, sizeof u);
}

} // namespace swill::wire::detail
