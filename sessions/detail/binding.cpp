#include "sessions/detail/binding.hpp"

#include <string_view>

namespace swill::detail {

namespace {

bool is_secure(const connection& c, const session_options& o) {
  if (c.is_tls()) return true;
  return o.trust_forwarded_proto && c.header("X-Forwarded-Proto") == "https";
}

/// Browsers take a name with __Host- from secure origins only, and with Secure and Path=/ (RFC 6265bis, 4.1.3).
const char* cookie_name(bool secure) noexcept { return secure ? "__Host-swill" : "swill"; }

} // namespace

offered_tokens find_tokens(const connection& c, const session_options& o) {
  offered_tokens out;
  if (o.cookie) {
    const auto all = c.cookies();
    if (const auto it = all.find(cookie_name(is_secure(c, o))); it != all.end()) out.cookie = it->second;
  }
  static constexpr std::string_view scheme = "Bearer ";
  if (const auto text = c.header("Authorization"); o.bearer && text && text->substr(0, scheme.size()) == scheme)
    out.named = std::string{text->substr(scheme.size())};
  if (!out.named && !o.query.empty()) out.named = c.argument(o.query);
  return out;
}

void set_session_cookie(connection& c, const session_options& o, const std::string& token) {
  const bool secure = is_secure(c, o);
  c.set_cookie(cookie_name(secure), token,
               secure ? "Path=/; HttpOnly; SameSite=Lax; Secure" : "Path=/; HttpOnly; SameSite=Lax");
}

} // namespace swill::detail
