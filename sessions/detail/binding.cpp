#include "sessions/detail/binding.hpp"

#include "libswill/base/header_fields.hpp"

#include <string_view>

namespace swill::detail {

namespace {

bool is_secure(const connection& c, const session_options& o) {
  if (c.is_tls()) return true;
  const auto said = o.trust_forwarded_proto ? c.header("X-Forwarded-Proto") : std::nullopt;
  if (!said) return false;
  const std::string_view scheme = header_fields::first_element(*said);
  return header_fields::same_token(scheme, "https") || header_fields::same_token(scheme, "wss");
}

/// Browsers take a name with __Host- from secure origins only, and with Secure and Path=/ (RFC 6265bis, 4.1.3).
const char* cookie_name(bool secure) noexcept { return secure ? "__Host-swill" : "swill"; }

} // namespace

offered_tokens find_tokens(const connection& c, const session_options& o) {
  offered_tokens out;
  if (o.cookie) {
    const std::string_view ours = cookie_name(is_secure(c, o));
    c.for_each_cookie([&](std::string_view name, std::string_view text) {
      if (name == ours) out.cookies.emplace_back(text);
    });
  }
  if (const auto text = c.header("Authorization"); o.bearer && text) {
    if (const auto token = header_fields::bearer_token(*text)) out.named = std::string{*token};
  }
  if (!out.named && !o.query.empty()) out.named = c.argument(o.query);
  return out;
}

void set_session_cookie(connection& c, const session_options& o, const std::string& token) {
  const bool secure = is_secure(c, o);
  c.set_cookie(cookie_name(secure), token,
               secure ? "Path=/; HttpOnly; SameSite=Lax; Secure" : "Path=/; HttpOnly; SameSite=Lax");
}

} // namespace swill::detail
