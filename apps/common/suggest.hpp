#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill::apps {

/// The one of `known` that somebody who wrote `word` may have meant: a letter or two are missing, too many, wrong or in the wrong place.
/// Empty when there is none so near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// The same as the end of a sentence that says that there is no such word: ": did you mean 'math.add'?". Empty when there is none so near.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

} // namespace swill::apps
