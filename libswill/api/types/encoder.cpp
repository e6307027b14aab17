#include "libswill/api/types/encoder.hpp"

#include <string>

namespace swill::detail {

void encoder::throw_too_deep() { throw encode_error{"nests deeper than " + std::to_string(deepest)}; }

} // namespace swill::detail
