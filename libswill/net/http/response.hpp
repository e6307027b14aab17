#pragma once

#include "libswill/base/header_fields.hpp"

#include <string>
#include <string_view>

namespace swill::net::http {

/// A whole HTTP/1.1 response with a text body, after which the connection closes. Headers that may not travel are left out. The answer
/// to HEAD has the headers alone.
std::string response(int status, std::string_view body, const header_list& headers, bool to_head = false);

} // namespace swill::net::http
