#pragma once

#include <string>
#include <string_view>

namespace swill::redis::detail {

/// FIPS 180-4's SHA-1 as 40 lower-case hex digits: the name that Redis gives to a script. Not for anything secret.
std::string sha1_hex(std::string_view text);

} // namespace swill::redis::detail
