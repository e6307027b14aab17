#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/base/header_fields.hpp"

#include <string>
#include <string_view>

namespace swill::net::websocket {

/// What a server must answer to a Sec-WebSocket-Key (RFC 6455 §4.2.2).
std::string accept_of(std::string_view key);

/// Appends the response that makes a WebSocket of the connection whose request had that key. `subprotocol` may be empty; the headers must be
/// valid.
void append_switching_protocols(buffer& to, std::string_view key, std::string_view subprotocol,
                                const header_list& headers);

} // namespace swill::net::websocket
