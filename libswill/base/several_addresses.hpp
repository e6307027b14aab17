#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// The addresses in a text that should be one of them: "HOST:PORT" twice or more, with commas, semicolons or spaces between them. Empty where it is not that.
std::vector<std::string> several_addresses(std::string_view text);

} // namespace swill
