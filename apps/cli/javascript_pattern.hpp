#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace swill::cli {

/// A pattern of RE2 as a literal of a regular expression of JavaScript that matches the same texts: "/^[A-Z]{3}$/u". Nothing where JavaScript has
/// no words for it, or where this function is not sure.
std::optional<std::string> javascript_pattern(std::string_view re2);

} // namespace swill::cli
