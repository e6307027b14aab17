#include "libswill/transport/upgrade.hpp"

#include <algorithm>
#include <array>

namespace swill::transport {

namespace {

using header_fields::only_value;
using header_fields::same_token;

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

upgrade_verdict answer_readiness(const net::http::request& r, const server_state& now) {
  if (r.method != "GET" && r.method != "HEAD") return refuse(405, "Method Not Allowed", {{"Allow", "GET, HEAD"}});
  const bool ready = now.is_ready == nullptr || !*now.is_ready || (*now.is_ready)();
  if (ready && !now.full && !now.draining) return refuse(200, "ready\n", {{"Cache-Control", "no-store"}});
  return refuse(503, "not ready\n", {{"Cache-Control", "no-store"}, {"Retry-After", "1"}});
}

// Which endpoint it asks for, or the refusal of what is no upgrade request at all.
upgrade_verdict check_http(const net::http::request& r, const upgrade_rules& rules, const server_state& now) {
  const std::string_view path = std::string_view{r.target}.substr(0, r.target.find('?'));
  if (path == ready_path && path != rules.path) return answer_readiness(r, now);
  const bool echo = rules.echo && path == "/echo";
  if (!echo && path != rules.path) return refuse(404, "Not Found");
  if (r.method != "GET") return refuse(405, "Method Not Allowed", {{"Allow", "GET"}});
  const auto wants_upgrade = [](const char* why) { return refuse(426, why, {{"Upgrade", "websocket"}}); };
  if (r.version < 11) return wants_upgrade("WebSocket needs HTTP/1.1");
  if (!net::http::has_one_host(r.headers)) return refuse(400, "One valid Host header is required");
  if (!header_fields::lists(r.headers, "Upgrade", "websocket") ||
      !header_fields::lists(r.headers, "Connection", "upgrade"))
    return wants_upgrade("This is a WebSocket endpoint");
  // The protocol changes right after the head, where a body would be taken for frames (RFC 9110 §7.8).
  if (net::http::has_body(r.headers)) return refuse(400, "A request for an upgrade has no body");
  return {.echo = echo};
}

} // namespace

upgrade_verdict check_upgrade(const net::http::request& r, const upgrade_rules& rules, const server_state& now) {
  upgrade_verdict verdict = check_http(r, rules, now);
  if (verdict.status != 101) return verdict;

  if (only_value(r.headers, "Sec-WebSocket-Version") != "13")
    return refuse(426, "Unsupported WebSocket version", {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
  const auto key = only_value(r.headers, "Sec-WebSocket-Key");
  if (!key || !is_key(*key)) return refuse(400, "Bad Sec-WebSocket-Key");
  verdict.key = *key;

  if (now.draining) return refuse(503, "Server is stopping", {{"Retry-After", "1"}});
  if (now.full) return refuse(503, "Server is busy", {{"Retry-After", "1"}});
  bool is_foreign = false;
  header_fields::for_each_value(
      r.headers, "Origin", [&](std::string_view origin) { is_foreign = is_foreign || !rules.origins.allows(origin); });
  if (is_foreign) return refuse(403, "Origin not allowed");
  if (verdict.echo) return verdict;

  for (const auto& ours : rules.subprotocols) {
    bool is_offered = false;
    header_fields::for_each_element(r.headers, "Sec-WebSocket-Protocol",
                                    [&](std::string_view theirs) { is_offered = is_offered || theirs == ours; });
    if (!is_offered) continue;
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
