#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill::programs {

/// Those of `known` that somebody who wrote `word` may have meant, as the end of a sentence that says that there is no such word: ": did you
/// mean 'math.add'?". A letter or two are missing, too many, wrong or in the wrong place; where there is none so near, the options, at
/// most three, that have the words of this one: '--listen-tls' for '--tls'. Empty when there are none of these either.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

} // namespace swill::programs
