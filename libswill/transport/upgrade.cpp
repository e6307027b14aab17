#include "libswill/transport/upgrade.hpp"

#include "libswill/api/header_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace swill::transport {

namespace {

using header_fields::same_token;
using header_fields::trimmed;

// The items of a comma-separated list that may be spread over several headers (RFC 9110 §5.3).
std::vector<std::string_view> list_of(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> items;
  for (const auto& [key, value] : headers) {
    if (!same_token(key, name)) continue;
    std::string_view rest = value;
    while (true) {
      const auto comma = rest.find(',');
      if (const auto item = trimmed(rest.substr(0, comma)); !item.empty()) items.push_back(item);
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return items;
}

bool lists(const header_list& headers, std::string_view name, std::string_view wanted) {
  const auto items = list_of(headers, name);
  return std::any_of(items.begin(), items.end(), [&](std::string_view item) { return same_token(item, wanted); });
}

std::vector<std::string_view> values_of(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : headers)
    if (same_token(key, name)) values.push_back(trimmed(value));
  return values;
}

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

// *DIGIT (RFC 3986 §3.2.3), and a port that TCP has.
bool is_port(std::string_view text) noexcept {
  if (text.empty()) return true;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

// uri-host [":" port] (RFC 9112 §3.2)
bool is_authority(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    if (!is_port(text.substr(colon + 1))) return false;
    text = text.substr(0, colon);
  }
  return is_host(text);
}

// The protocol changes right after the head, where a body would be taken for frames (RFC 9110 §7.8).
bool has_body(const header_list& headers) {
  if (!values_of(headers, "Transfer-Encoding").empty()) return true;
  const auto lengths = values_of(headers, "Content-Length");
  return std::any_of(lengths.begin(), lengths.end(),
                     [](std::string_view v) { return v.find_first_not_of('0') != v.npos; });
}

/// Where balancers and supervisors ask whether new clients are welcome. Needs nothing of HTTP/1.1.
constexpr std::string_view ready_path = "/ready";

upgrade_verdict answer_readiness(const upgrade_request& r, const upgrade_rules& rules) {
  if (r.method != "GET" && r.method != "HEAD") return refuse(405, "Method Not Allowed", {{"Allow", "GET, HEAD"}});
  if (rules.ready && !rules.full && !rules.draining) return refuse(200, "ready\n", {{"Cache-Control", "no-store"}});
  return refuse(503, "not ready\n", {{"Cache-Control", "no-store"}, {"Retry-After", "1"}});
}

// Which endpoint it asks for, or the refusal of what is no upgrade request at all.
upgrade_verdict check_http(const upgrade_request& r, const upgrade_rules& rules) {
  const std::string_view path = std::string_view{r.target}.substr(0, r.target.find('?'));
  if (path == ready_path && path != rules.path) return answer_readiness(r, rules);
  const bool echo = rules.echo && path == "/echo";
  if (!echo && path != rules.path) return refuse(404, "Not Found");
  if (r.method != "GET") return refuse(405, "Method Not Allowed", {{"Allow", "GET"}});
  const header_list upgrade{{"Upgrade", "websocket"}};
  if (r.version < 11) return refuse(426, "WebSocket needs HTTP/1.1", upgrade);
  const auto host = values_of(r.headers, "Host");
  if (host.size() != 1 || !is_authority(host.front())) return refuse(400, "One valid Host header is required");
  if (!lists(r.headers, "Upgrade", "websocket") || !lists(r.headers, "Connection", "upgrade"))
    return refuse(426, "This is a WebSocket endpoint", upgrade);
  if (has_body(r.headers)) return refuse(400, "A request for an upgrade has no body");
  return {.echo = echo};
}

} // namespace

void take_origin_form(upgrade_request& r) {
  std::string_view rest = r.target;
  const auto colon = rest.find("://");
  if (colon == std::string_view::npos) return;
  const auto scheme = rest.substr(0, colon);
  if (!same_token(scheme, "http") && !same_token(scheme, "https") && !same_token(scheme, "ws") &&
      !same_token(scheme, "wss"))
    return;
  rest.remove_prefix(colon + 3);
  const std::string authority{rest.substr(0, rest.find_first_of("/?#"))};
  if (authority.empty() || authority.front() == ':' || !is_authority(authority)) return; // no such endpoint
  rest.remove_prefix(authority.size());
  std::string target = rest.starts_with('/') ? "" : "/";
  r.target = target.append(rest);
  for (auto& [name, value] : r.headers)
    if (same_token(name, "Host")) value = authority;
}

upgrade_verdict check_upgrade(const upgrade_request& r, const upgrade_rules& rules) {
  upgrade_verdict verdict = check_http(r, rules);
  if (verdict.status != 101) return verdict;

  const auto version = values_of(r.headers, "Sec-WebSocket-Version");
  if (version.size() != 1 || version.front() != "13")
    return refuse(426, "Unsupported WebSocket version", {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
  const auto key = values_of(r.headers, "Sec-WebSocket-Key");
  if (key.size() != 1 || !is_key(key.front())) return refuse(400, "Bad Sec-WebSocket-Key");
  verdict.key = key.front();

  if (rules.draining) return refuse(503, "Server is stopping", {{"Retry-After", "1"}});
  if (rules.full) return refuse(503, "Server is busy", {{"Retry-After", "1"}});
  for (const auto origin : values_of(r.headers, "Origin"))
    if (!rules.origins.allows(origin)) return refuse(403, "Origin not allowed");
  if (verdict.echo) return verdict;

  const auto offered = list_of(r.headers, "Sec-WebSocket-Protocol");
  for (const auto& ours : rules.subprotocols) {
    if (std::find(offered.begin(), offered.end(), ours) == offered.end()) continue;
    verdict.subprotocol = ours;
    return verdict;
  }
  return refuse(406, "No suitable subprotocol");
}

namespace {

std::string_view reason_of(int status) noexcept {
  struct entry {
    int status;
    std::string_view reason;
  };
  static constexpr std::array<entry, 24> reasons{{{200, "OK"},
                                                  {300, "Multiple Choices"},
                                                  {301, "Moved Permanently"},
                                                  {302, "Found"},
                                                  {303, "See Other"},
                                                  {307, "Temporary Redirect"},
                                                  {308, "Permanent Redirect"},
                                                  {400, "Bad Request"},
                                                  {401, "Unauthorized"},
                                                  {402, "Payment Required"},
                                                  {403, "Forbidden"},
                                                  {404, "Not Found"},
                                                  {405, "Method Not Allowed"},
                                                  {406, "Not Acceptable"},
                                                  {408, "Request Timeout"},
                                                  {409, "Conflict"},
                                                  {410, "Gone"},
                                                  {426, "Upgrade Required"},
                                                  {429, "Too Many Requests"},
                                                  {431, "Request Header Fields Too Large"},
                                                  {451, "Unavailable For Legal Reasons"},
                                                  {500, "Internal Server Error"},
                                                  {502, "Bad Gateway"},
                                                  {503, "Service Unavailable"}}};
  for (const auto& e : reasons)
    if (e.status == status) return e.reason;
  return "Status";
}

} // namespace

std::string http_response(int status, std::string_view body, const header_list& headers, bool to_head) {
  const bool has_body = status != 304 && status != 204;
  std::string out =
      "HTTP/1.1 " + std::to_string(status) + ' ' + std::string{reason_of(status)} + "\r\nServer: swill\r\n";
  if (status != 426)
    out += "Connection: close\r\n";
  else
    out += "Connection: close, Upgrade\r\n"; // RFC 9110 §7.8: whoever sends Upgrade lists it
  bool has_type = false;
  for (const auto& [name, value] : headers) {
    if (!is_safe_header(name, value) || same_token(name, "Connection") || same_token(name, "Content-Length") ||
        same_token(name, "Transfer-Encoding"))
      continue;
    has_type = has_type || same_token(name, "Content-Type");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (has_body) {
    if (!has_type) out += "Content-Type: text/plain; charset=utf-8\r\n";
    out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  out += "\r\n";
  if (has_body && !to_head) out += body;
  return out;
}

bool is_safe_header(std::string_view name, std::string_view value) noexcept {
  const auto is_token = [](char c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  };
  const auto is_text = [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token) &&
         std::all_of(value.begin(), value.end(), is_text);
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
