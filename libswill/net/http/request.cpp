#include "libswill/net/http/request.hpp"

#include "libswill/base/encoding.hpp"
#include "libswill/base/host_and_port.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace swill::net::http {

namespace {

using header_fields::same_token;

// *DIGIT (RFC 3986 §3.2.3), and a port that TCP has.
bool is_port(std::string_view text) noexcept { return text.empty() || port_number(text).has_value(); }

} // namespace

bool is_host(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    in6_addr any{};
    char text[INET6_ADDRSTRLEN] = {};
    if (!host.ends_with(']') || host.size() < 2 || host.size() - 2 >= sizeof text) return false;
    host.copy(text, host.size() - 2, 1);
    return ::inet_pton(AF_INET6, text, &any) == 1;
  }
  static constexpr word_characters may{"-._~!$&'()*+,;=%"};
  for (std::size_t i = 0; i < host.size(); ++i) {
    const auto hex_at = [host](std::size_t at) { return at < host.size() && hex_digit(host[at]) >= 0; };
    if (host[i] == '%' && (!hex_at(i + 1) || !hex_at(i + 2))) return false;
    if (!may.has(host[i])) return false;
  }
  return true;
}

bool is_authority(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    if (!is_port(text.substr(colon + 1))) return false;
    text = text.substr(0, colon);
  }
  return is_host(text);
}

bool means_body(std::string_view name, std::string_view value) noexcept {
  if (same_token(name, "Content-Length")) return value.find_first_not_of('0') != value.npos;
  return same_token(name, "Transfer-Encoding");
}

bool has_body(const header_list& headers) {
  return std::any_of(headers.begin(), headers.end(),
                     [](const auto& field) { return means_body(field.first, header_fields::trimmed(field.second)); });
}

bool is_right_host(int version, std::size_t count, std::string_view value) noexcept {
  return count == 0 ? version < 11 : count == 1 && is_authority(value);
}

bool has_right_host(const request& r) {
  std::size_t count = 0;
  std::string_view host;
  header_fields::for_each_value(r.headers, "Host", [&](std::string_view value) {
    host = value;
    ++count;
  });
  return is_right_host(r.version, count, host);
}

void take_origin_form(request& r) {
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
  if (!has_right_host(r)) return; // what is wrong stays to be seen
  for (auto& [name, value] : r.headers)
    if (same_token(name, "Host")) value = authority;
}

} // namespace swill::net::http
