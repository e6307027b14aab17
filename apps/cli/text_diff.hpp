#pragma once

#include <string>
#include <string_view>

namespace swill::cli {

/// How to come from one text to the other, as `diff -u` shows it; empty when they are the same. `name` is that of the file.
std::string text_diff(std::string_view before, std::string_view after, std::string_view name);

} // namespace swill::cli
