#pragma once

#include "libswill/net/http/request.hpp"

#include <cstddef>
#include <string_view>

namespace swill::net::http {

/// Reads a plain head of a request that stands whole at the beginning of `input` into `to`, as Beast would, and returns its length; 0, and nothing of
/// `to` is good, where it is another one, or not all there. Plain is what nearly every client asks for a WebSocket with: GET of a path by
/// HTTP/1.1; names of fields that are tokens, none of them twice; values of printable ASCII; no body; a `Connection` that is a list of
/// tokens. Why: docs/decisions/0112.
std::size_t read_plain_request(std::string_view input, request& to);

} // namespace swill::net::http
