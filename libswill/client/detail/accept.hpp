#pragma once

#include <string>
#include <string_view>

namespace swill::client_detail {

/// What a server must answer to a Sec-WebSocket-Key (RFC 6455 §4.2.2).
std::string accept_of(std::string_view key);

} // namespace swill::client_detail
