#pragma once

#include "libswill/client/errors.hpp"

#include <string_view>

namespace swill::client_detail {

/// What a server has answered to an upgrade request instead of 101.
struct upgrade_answer {
  int status = 0;
  std::string_view body;
  std::string_view location; ///< that header, or empty
  std::string_view target;   ///< path and query of the request
};

/// The error for it, of kind `rejected`. Below 400 nothing was refused, but what answered is no WebSocket: then, and by
/// 404, the message says at which path, and which may be meant. A query, which may hold a token, is never part of it.
connect_error rejected_upgrade(const upgrade_answer& a);

} // namespace swill::client_detail
