#include "libswill/base/random.hpp"

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <sys/random.h>
#include <system_error>

namespace swill {

void fill_random(void* to, std::size_t size) {
  char* at = static_cast<char*>(to);
  while (size != 0) {
    const ssize_t got = ::getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::string random_hex(std::size_t size) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string bytes(size, '\0');
  fill_random(bytes.data(), size);
  std::string out;
  out.reserve(2 * size);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

std::chrono::microseconds with_jitter(std::chrono::microseconds d) {
  std::uint32_t dice = 0;
  fill_random(&dice, sizeof dice);
  return d / 2 + std::chrono::microseconds{dice % (d.count() / 2 + 1)};
}

} // namespace swill
