#include "libswill/base/random.hpp"

#include "libswill/base/encoding.hpp"

#include <cerrno>
#include <cstdint>
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
  bytes random(size);
  fill_random(random.data(), size);
  return to_hex(random);
}

std::chrono::microseconds with_jitter(std::chrono::microseconds d) {
  std::uint32_t dice = 0;
  fill_random(&dice, sizeof dice);
  return d / 2 + std::chrono::microseconds{dice % (d.count() / 2 + 1)};
}

} // namespace swill
