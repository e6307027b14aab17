#include "libswill/net/http/response.hpp"

#include <utility>

#include <boost/beast/http/status.hpp>

namespace swill::net::http {

namespace {

using header_fields::same_token;

std::string reason_of(int status) {
  namespace beast = boost::beast::http;
  const auto known = beast::int_to_status(static_cast<unsigned>(status));
  return known == beast::status::unknown ? "Status" : std::string{beast::obsolete_reason(known)};
}

} // namespace

std::string response(int status, std::string_view body, const header_list& headers, bool to_head) {
  const bool has_body = status != 304 && status != 204;
  std::string out = "HTTP/1.1 " + std::to_string(status) + ' ' + reason_of(status) + "\r\nServer: swill\r\n";
  if (status != 426)
    out += "Connection: close\r\n";
  else
    out += "Connection: close, Upgrade\r\n"; // RFC 9110 §7.8: whoever sends Upgrade lists it
  bool has_type = false;
  for (const auto& [name, value] : headers) {
    if (!header_fields::may_travel(name, value) || same_token(name, "Connection") ||
        same_token(name, "Content-Length") || same_token(name, "Transfer-Encoding"))
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

} // namespace swill::net::http
