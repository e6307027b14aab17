#pragma once

#include "libswill/api/connection.hpp"
#include "sessions/options.hpp"

#include <optional>
#include <string>

namespace swill::detail {

/// Which session a connection has. Part of its state.
struct session_binding {
  std::string id;
  std::string user;        ///< what the connection's user was set to by it
  bool stored = false;     ///< the store has known it
  bool unverified = false; ///< the store was not there when the client came with it
  bool used = false;       ///< by a request: no other token is taken any more
};

/// A token that came with a handshake.
struct offered_token {
  std::string text;
  bool by_cookie = false;
};

std::optional<offered_token> find_token(const connection& c, const session_options& o);

/// Adds the cookie to the handshake's response.
void set_session_cookie(connection& c, const session_options& o, const std::string& token);

} // namespace swill::detail
