#include "libswill/transport/upgrade.hpp"

#include <algorithm>
#include <array>

namespace swill::transport {

namespace {

using header_fields::list_has;
using header_fields::same_token;

// 16 bytes in base64: 22 characters, of which the last has four bits only, and "==" (RFC 6455 §4.2.1).
bool is_key(std::string_view key) noexcept {
  if (key.size() != 24 || key.substr(22) != "==") return false;
  static constexpr word_characters base64{"+/"};
  return std::all_of(key.begin(), key.begin() + 22, [](char c) { return base64.has(c); });
}

/// What the fields of a request say of an upgrade, seen in one walk through them.
struct upgrade_fields {
  /// What may be said once.
  struct single {
    std::string_view value;
    std::size_t count = 0;
    void see(std::string_view v) noexcept {
      value = v;
      ++count;
    }
    bool is_one() const noexcept { return count == 1; }
  };

  explicit upgrade_fields(const header_list& all) noexcept {
    for (const auto& [name, text] : all) {
      const std::string_view value = header_fields::trimmed(text);
      if (same_token(name, "Host")) host.see(value);
      if (same_token(name, "Sec-WebSocket-Version")) version.see(value);
      if (same_token(name, "Sec-WebSocket-Key")) key.see(value);
      if (same_token(name, "Upgrade")) to_websocket = to_websocket || list_has(value, "websocket");
      if (same_token(name, "Connection")) upgrades = upgrades || list_has(value, "upgrade");
      has_body = has_body || net::http::means_body(name, value);
    }
  }

  single host, version, key;
  bool to_websocket = false; ///< by Upgrade
  bool upgrades = false;     ///< by Connection
  bool has_body = false;
};

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
upgrade_verdict check_http(const net::http::request& r, const upgrade_fields& said, const upgrade_rules& rules,
                           const server_state& now) {
  if (!net::http::is_right_host(r.version, said.host.count, said.host.value)) return refuse(400, net::http::wrong_host);
  const std::string_view path = std::string_view{r.target}.substr(0, r.target.find('?'));
  if (path == ready_path && path != rules.path) return answer_readiness(r, now);
  const bool echo = rules.echo && path == "/echo";
  if (!echo && path != rules.path) return refuse(404, "Not Found");
  if (r.method != "GET") return refuse(405, "Method Not Allowed", {{"Allow", "GET"}});
  const auto wants_upgrade = [](const char* why) { return refuse(426, why, {{"Upgrade", "websocket"}}); };
  if (r.version < 11) return wants_upgrade("WebSocket needs HTTP/1.1");
  if (!said.to_websocket || !said.upgrades) return wants_upgrade("This is a WebSocket endpoint");
  // The protocol changes right after the head, where a body would be taken for frames (RFC 9110 §7.8).
  if (said.has_body) return refuse(400, "A request for an upgrade has no body");
  return {.echo = echo};
}

} // namespace

upgrade_verdict check_upgrade(const net::http::request& r, const upgrade_rules& rules, const server_state& now) {
  const upgrade_fields said{r.headers};
  upgrade_verdict verdict = check_http(r, said, rules, now);
  if (verdict.status != 101) return verdict;

  if (!said.version.is_one() || said.version.value != "13")
    return refuse(426, "Unsupported WebSocket version", {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
  if (!said.key.is_one() || !is_key(said.key.value)) return refuse(400, "Bad Sec-WebSocket-Key");
  verdict.key = said.key.value;

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
