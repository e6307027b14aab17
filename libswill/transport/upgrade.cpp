#include "libswill/transport/upgrade.hpp"

#include <algorithm>
#include <array>

namespace swill::transport {

namespace {

using header_fields::same_token;
using header_fields::values;

// 16 bytes in base64: 22 characters, of which the last has four bits only, and "==" (RFC 6455 §4.2.1).
bool is_key(std::string_view key) noexcept {
  if (key.size() != 24 || key.substr(22) != "==") return false;
  const auto is_base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return std::all_of(key.begin(), key.begin() + 22, is_base64);
}

upgrade_verdict refuse(int status, std::string body, header_list headers = {}) {
  return {.status = status, .body = std::move(body), .headers = std::move(headers)};
}

upgrade_verdict answer_readiness(const net::http::request& r, const upgrade_rules& rules) {
  if (r.method != "GET" && r.method != "HEAD") return refuse(405, "Method Not Allowed", {{"Allow", "GET, HEAD"}});
  if (rules.ready && !rules.full && !rules.draining) return refuse(200, "ready\n", {{"Cache-Control", "no-store"}});
  return refuse(503, "not ready\n", {{"Cache-Control", "no-store"}, {"Retry-After", "1"}});
}

// Which endpoint it asks for, or the refusal of what is no upgrade request at all.
upgrade_verdict check_http(const net::http::request& r, const upgrade_rules& rules) {
  const std::string_view path = std::string_view{r.target}.substr(0, r.target.find('?'));
  if (path == ready_path && path != rules.path) return answer_readiness(r, rules);
  const bool echo = rules.echo && path == "/echo";
  if (!echo && path != rules.path) return refuse(404, "Not Found");
  if (r.method != "GET") return refuse(405, "Method Not Allowed", {{"Allow", "GET"}});
  const header_list upgrade{{"Upgrade", "websocket"}};
  if (r.version < 11) return refuse(426, "WebSocket needs HTTP/1.1", upgrade);
  if (!net::http::has_one_host(r.headers)) return refuse(400, "One valid Host header is required");
  if (!header_fields::lists(r.headers, "Upgrade", "websocket") ||
      !header_fields::lists(r.headers, "Connection", "upgrade"))
    return refuse(426, "This is a WebSocket endpoint", upgrade);
  // The protocol changes right after the head, where a body would be taken for frames (RFC 9110 §7.8).
  if (net::http::has_body(r.headers)) return refuse(400, "A request for an upgrade has no body");
  return {.echo = echo};
}

} // namespace

upgrade_verdict check_upgrade(const net::http::request& r, const upgrade_rules& rules) {
  upgrade_verdict verdict = check_http(r, rules);
  if (verdict.status != 101) return verdict;

  const auto version = values(r.headers, "Sec-WebSocket-Version");
  if (version.size() != 1 || version.front() != "13")
    return refuse(426, "Unsupported WebSocket version", {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
  const auto key = values(r.headers, "Sec-WebSocket-Key");
  if (key.size() != 1 || !is_key(key.front())) return refuse(400, "Bad Sec-WebSocket-Key");
  verdict.key = key.front();

  if (rules.draining) return refuse(503, "Server is stopping", {{"Retry-After", "1"}});
  if (rules.full) return refuse(503, "Server is busy", {{"Retry-After", "1"}});
  for (const auto origin : values(r.headers, "Origin"))
    if (!rules.origins.allows(origin)) return refuse(403, "Origin not allowed");
  if (verdict.echo) return verdict;

  const auto offered = header_fields::elements(r.headers, "Sec-WebSocket-Protocol");
  for (const auto& ours : rules.subprotocols) {
    if (std::find(offered.begin(), offered.end(), ours) == offered.end()) continue;
    verdict.subprotocol = ours;
    return verdict;
  }
  return refuse(406, "No suitable subprotocol");
}

bool is_reserved_header(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 8> reserved{"Connection",
                                                            "Upgrade",
                                                            "Content-Length",
                                                            "Transfer-Encoding",
                                                            "Sec-WebSocket-Accept",
                                                            "Sec-WebSocket-Protocol",
                                                            "Sec-WebSocket-Extensions",
                                                            "Sec-WebSocket-Version"};
  return std::any_of(reserved.begin(), reserved.end(), [&](std::string_view r) { return same_token(r, name); });
}

} // namespace swill::transport
