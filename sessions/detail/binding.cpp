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

std::optional<offered_token> find_token(const connection& c, const session_options& o) {
  if (o.cookie) {
    const auto all = c.cookies();
    if (const auto it = all.find(cookie_name(is_secure(c, o))); it != all.end()) return offered_token{it->second, true};
  }
  if (o.bearer) {
    static constexpr std::string_view scheme = "Bearer ";
    const auto text = c.header("Authorization");
    if (text && text->substr(0, scheme.size()) == scheme)
      return offered_token{std::string{text->substr(scheme.size())}, false};
  }
  if (!o.query.empty()) {
    if (auto text = c.argument(o.query)) return offered_token{std::move(*text), false};
  }
  return std::nullopt;
}

void set_session_cookie(connection& c, const session_options& o, const std::string& token) {
  const bool secure = is_secure(c, o);
  c.set_cookie(cookie_name(secure), token,
               secure ? "Path=/; HttpOnly; SameSite=Lax; Secure" : "Path=/; HttpOnly; SameSite=Lax");
}

} // namespace swill::detail
