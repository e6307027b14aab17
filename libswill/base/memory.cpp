#include "libswill/base/memory.hpp"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace swill {

void give_back_memory([[maybe_unused]] loop& l) {
#if defined(__GLIBC__)
  l.offload([] { static_cast<void>(::malloc_trim(0)); });
#endif
}

} // namespace swill
