#pragma once

#include "libswill/base/mistakes.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace swill {

/// Bytes of a key that signs tokens.
inline constexpr std::size_t shortest_signing_key = 16;

/// How sessions are found, how long they live, and every limit of them. Sizes are bytes.
struct session_options {
  // --- Where a client's token is looked for: header, query, cookie; the first that is known counts
  /// Cookie of the handshake. A connection without a token that is known gets a new one in the handshake's response. Its name is
  /// "__Host-swill" on TLS (with Secure), "swill" without, where browsers refuse the other; HttpOnly, SameSite=Lax, Path=/.
  bool cookie = true;
  /// `Authorization: Bearer TOKEN` of the handshake; the scheme in any case.
  bool bearer = true;
  /// Argument of the handshake's query; empty: none. Addresses end up in logs: prefer the others.
  std::string query = "session";
  /// Key in the metadata of a request, looked at before its hooks run as long as the connection has no session; empty: none.
  std::string metadata = "session";
  /// Whether an `X-Forwarded-Proto` of `https` or `wss`, in any case, counts as TLS; of a list, where each proxy has appended its own, the
  /// first. Only behind a proxy that sets or removes what the client sends.
  bool trust_forwarded_proto = false;
  /// Tokens are signed (HMAC-SHA256) with the first; those signed with any are good. At least 16 bytes each. None: tokens are not signed.
  std::vector<std::string> signing_keys{};

  // --- How long
  /// Without use. When reached: the session is gone. 0: no such end.
  std::chrono::milliseconds idle{std::chrono::minutes{30}};
  /// Since its begin, or the last login. When reached: the session is gone. 0: no such end.
  std::chrono::milliseconds absolute{std::chrono::hours{24 * 7}};
  /// A session that is only read is marked as used at most this often; it may end that much earlier than `idle` says.
  std::chrono::milliseconds touch_interval{std::chrono::seconds{60}};

  // --- How much
  /// Of all values of one session, encoded, with their names. When reached: saving fails with 413.
  std::size_t session_size = 64 * 1024;
  /// Values of one session. When reached: setting another fails with 413.
  std::size_t values = 256;
  /// Name of a value, or of a user. When reached: 413.
  std::size_t name_size = 256;
  /// Sessions of one user. When reached: a login ends the oldest.
  std::size_t sessions_per_user = 100;
  /// Sessions that a memory store holds. When reached: a new one is not saved, 503.
  std::size_t sessions = 1'000'000;
  /// How often an update is tried in all when others save in between, with pauses of up to 200 ms. When reached: 409.
  std::size_t update_attempts = 16;
};

/// Adds what makes no sense, under the path "session_options.NAME".
void check(const session_options& o, mistake_list& out);

} // namespace swill
