#pragma once

#include <string>
#include <string_view>

namespace swill {

/// The path that somebody probably meant who wrote something else where a path belongs: that of a URL, or the text with a slash at its beginning and none
/// at its end. It need not be a path that the caller takes: who suggests it looks first.
std::string likely_path(std::string_view text);

} // namespace swill
