#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill::cli {

/// The one of `known` that somebody who wrote `word` may have meant: a letter or two are missing, too many, wrong or in the wrong place.
/// Empty when there is none so near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

} // namespace swill::cli
