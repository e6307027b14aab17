#pragma once

#include "libswill/base/limits.hpp"
#include "libswill/base/mistakes.hpp"

namespace swill {

/// Limits that make no sense, by themselves or together, under the path "limits.NAME".
void check(const limits& l, mistake_list& out);

} // namespace swill
