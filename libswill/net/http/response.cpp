#include "libswill/net/http/response.hpp"

#include "libswill/net/http/date.hpp"

#include <ostream> // before Beast's header, which writes reasons to a stream

#include <boost/beast/http/status.hpp>

namespace swill::net::http {

namespace {

using header_fields::same_token;

std::string reason_of(int status) {
  namespace beast = boost::beast::http;
  const auto known = beast::int_to_status(static_cast<unsigned>(status));
  return known == beast::status::unknown ? "Status" : std::string{beast::obsolete_reason(known)};
}

bool has_body_after(int status) noexcept { return status != 304 && status != 204; }

} // namespace

std::string response_head(int status, const header_list& headers, std::string_view connection, std::uint64_t length,
                          std::optional<std::string>* left_out) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + ' ' + reason_of(status) + "\r\nServer: swill\r\n";
  if (!connection.empty()) out.append("Connection: ").append(connection).append("\r\n");
  bool has_type = false, has_date = false;
  for (const auto& [name, value] : headers) {
    if (!header_fields::may_travel(name, value)) {
      if (left_out != nullptr) *left_out = name;
      continue;
    }
    if (same_token(name, "Connection") || same_token(name, "Content-Length") || same_token(name, "Transfer-Encoding"))
      continue;
    has_type = has_type || same_token(name, "Content-Type");
    has_date = has_date || same_token(name, "Date");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!has_date) out.append("Date: ").append(date_now()).append("\r\n"); // RFC 9110 §6.6.1
  if (has_body_after(status)) {
    if (!has_type) out += "Content-Type: text/plain; charset=utf-8\r\n";
    out += "Content-Length: " + std::to_string(length) + "\r\n";
  }
  return out += "\r\n";
}

std::string response(int status, std::string_view body, const header_list& headers, bool to_head,
                     std::optional<std::string>* left_out) {
  // RFC 9110 §7.8: whoever sends Upgrade lists it.
  std::string out = response_head(status, headers, status == 426 ? "close, Upgrade" : "close", body.size(), left_out);
  if (has_body_after(status) && !to_head) out += body;
  return out;
}

} // namespace swill::net::http
