#pragma once

#include "libswill/base/header_fields.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace swill::net::http {

/// Status line and headers of an HTTP/1.1 response, with the empty line after them. Headers that may not travel are left out, and so are those that
/// frame the message, which are `connection`, where it is not empty, and a Content-Length of `length`, but for 204 and 304, which have no body. `Date`
/// says now where no header says it. `left_out` gets the name of a header that may not travel, where there is one: whoever gave it should be told.
std::string response_head(int status, const header_list& headers, std::string_view connection, std::uint64_t length,
                          std::optional<std::string>* left_out = nullptr);

/// A whole HTTP/1.1 response with a text body, after which the connection closes. The answer to HEAD has the headers alone.
std::string response(int status, std::string_view body, const header_list& headers, bool to_head = false,
                     std::optional<std::string>* left_out = nullptr);

} // namespace swill::net::http
