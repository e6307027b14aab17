#include "libswill/server/health.hpp"

#include <cstdio>
#include <string_view>

namespace swill {

namespace {

/// RFC 8259 §7.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.append("\\").push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

} // namespace

http_response livez() { return {.body = "alive\n", .headers = {{"Cache-Control", "no-store"}}}; }

http_response readyz(const std::vector<std::string>& reasons) {
  http_response r{.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}};
  if (reasons.empty()) {
    r.body = "{\"ready\":true}\n";
    return r;
  }
  r.status = 503;
  r.headers.emplace_back("Retry-After", "1");
  r.body = "{\"ready\":false,\"reasons\":[";
  for (const std::string& reason : reasons)
    r.body.append(&reason == &reasons.front() ? "" : ",").append(json_text(reason));
  r.body += "]}\n";
  return r;
}

} // namespace swill
