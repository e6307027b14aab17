#pragma once

#include "libswill/api/connection.hpp"
#include "sessions/options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace swill::detail {

/// Which session a connection has. Part of its state.
struct session_binding {
  std::string id;
  std::string cookie;   ///< the id in the client's cookie, once this is known
  std::string previous; ///< session_record::previous
  std::string user;     ///< what the connection's user was set to by it
  /// Changes when the connection gets another session. When only `id` changes, it is the same one under a new id.
  std::uint64_t line = 0;
  bool stored = false;     ///< the store has known it
  bool unverified = false; ///< the store was not there when the client came with it
  bool used = false;       ///< by a request: no other token is taken any more
  unsigned bindings = 0;   ///< requests that are about to bind it by a token in their metadata
};

/// Whether a token in the metadata of a request may still say whose session it is: the handshake has found none, and no request has begun
/// one. What hangs on a session must not change under a client's feet.
inline bool may_be_bound(const session_binding& b) noexcept { return !b.used && !b.stored && !b.unverified; }

/// The tokens that came with a handshake.
struct offered_tokens {
  std::optional<std::string> named; ///< by a header or in the query: it was chosen, so it comes first
  /// Of all cookies of that name, in their order: a browser sends several, of different paths and domains, and says of none which is which.
  std::vector<std::string> cookies;
};

offered_tokens find_tokens(const connection& c, const session_options& o);

/// Adds the cookie to the handshake's response.
void set_session_cookie(connection& c, const session_options& o, const std::string& token);

} // namespace swill::detail
