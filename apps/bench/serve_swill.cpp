#include "apps/bench/serve_swill.hpp"

#include <cstdio>

namespace swill::bench {

bool has_swill() noexcept { return false; }

int serve_swill(std::uint16_t, unsigned) {
  std::fputs("swill-bench was built without the library's server\n", stderr);
  return 1;
}

} // namespace swill::bench
