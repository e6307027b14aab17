#pragma once

#include "libswill/base/loop.hpp"

namespace swill {

/// Gives memory that was freed in many small pieces back to the operating system, on the worker pool of `l`: allocators keep it else, for
/// the next time. For who has just freed very much. Does nothing where the C library has no way to.
void give_back_memory(loop& l);

} // namespace swill
