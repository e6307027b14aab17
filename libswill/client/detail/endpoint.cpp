#include "libswill/client/detail/endpoint.hpp"

#include "libswill/base/header_fields.hpp"
#include "libswill/base/host_and_port.hpp"
#include "libswill/client/errors.hpp"

#include <algorithm>

#include <sys/un.h>

namespace swill::client_detail {

namespace {

[[noreturn]] void wrong(std::string_view url, const char* why) {
  throw connect_error(connect_error::kind::bad_url, "URL '" + std::string{url} + "': " + why);
}

bool is_port(std::string_view text) { return port_number(text).value_or(0) != 0; }

/// What would break the request line, or begin another.
bool is_target(std::string_view text) {
  return text.starts_with('/') && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
         });
}

endpoint parse_unix(std::string_view url, std::string_view path, std::string_view target) {
  if (path.empty()) wrong(url, "the path of the Unix socket is missing");
  if (path.find('\0') != std::string_view::npos) wrong(url, "a path has no NUL");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) wrong(url, "the path is too long for a Unix socket");
  if (!is_target(target)) wrong(url, "the path of the endpoint must begin with / and have no spaces");
  endpoint e;
  e.unix_path = path;
  e.target = target;
  e.authority = "localhost";
  return e;
}

void split_authority(std::string_view url, std::string_view authority, endpoint& e) {
  if (authority.find('@') != std::string_view::npos)
    wrong(url, "user and password in a URL are not supported; send a header");
  std::string_view host = authority;
  std::string_view rest;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) wrong(url, "the bracket of the IPv6 address is not closed");
    rest = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    rest = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (host.empty()) wrong(url, "the host is missing");
  if (!rest.empty() && (!rest.starts_with(':') || !is_port(rest.substr(1))))
    wrong(url, "the port is no number from 1 to 65535");
  e.host = host;
  e.port = !rest.empty() ? std::string{rest.substr(1)} : e.tls ? "443" : "80";
  e.authority = authority;
}

/// A scheme is the same in any case (RFC 3986 §3.1).
bool has_scheme(std::string_view url, std::string_view scheme) {
  return header_fields::same_token(url.substr(0, scheme.size()), scheme);
}

} // namespace

endpoint endpoint::parse(std::string_view url, std::string_view path) {
  constexpr std::string_view unix_prefix = "unix:";
  constexpr std::string_view ws_prefix = "ws://";
  constexpr std::string_view wss_prefix = "wss://";
  if (has_scheme(url, unix_prefix)) return parse_unix(url, url.substr(unix_prefix.size()), path);
  endpoint e;
  e.tls = has_scheme(url, wss_prefix);
  if (!e.tls && !has_scheme(url, ws_prefix))
    wrong(url, "expected ws://HOST:PORT/PATH, wss://HOST:PORT/PATH or unix:PATH");

  const std::string_view rest = url.substr((e.tls ? wss_prefix : ws_prefix).size());
  if (rest.find('#') != std::string_view::npos) wrong(url, "a WebSocket URL has no fragment");
  const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
  split_authority(url, rest.substr(0, authority_end), e);
  const std::string_view target = rest.substr(authority_end);
  // "ws://host?a=b" asks for the default path with a query.
  e.target = target.starts_with('/') ? std::string{target} : std::string{path} + std::string{target};
  if (!is_target(e.target)) wrong(url, "the path must begin with / and have no spaces");
  if (std::any_of(e.authority.begin(), e.authority.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' '; })) {
    wrong(url, "a host has no spaces");
  }
  return e;
}

} // namespace swill::client_detail
