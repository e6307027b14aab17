#include "libswill/net/address.hpp"

#include "libswill/base/host_and_port.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/several_addresses.hpp"

#include <arpa/inet.h>
#include <stdexcept>
#include <sys/un.h>

namespace swill::net {

namespace {

[[noreturn]] void wrong(std::string_view text, const std::string& why) {
  throw std::invalid_argument("listen address '" + printable(text) + "': " + why);
}

bool is_ip(int family, const std::string& host) {
  in6_addr any{};
  return ::inet_pton(family, host.c_str(), &any) == 1;
}

/// As C++ has them: {"127.0.0.1:80", "127.0.0.1:81"}.
std::string as_strings(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& one : all) out.append(out.empty() ? "{\"" : ", \"").append(printable(one)) += '"';
  return out + '}';
}

listen_address parse_unix(std::string_view text, std::string_view path) {
  if (path.empty()) wrong(text, "the path is missing");
  if (printable(path) != path) wrong(text, "the path holds control characters, or bytes that are not UTF-8");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) wrong(text, "the path is too long for a Unix socket");
  listen_address a;
  a.unix_path = std::string{path};
  return a;
}

} // namespace

listen_address listen_address::parse(std::string_view text) {
  constexpr std::string_view unix_prefix = "unix:";
  if (text.starts_with(unix_prefix)) return parse_unix(text, text.substr(unix_prefix.size()));

  if (const auto several = several_addresses(text); !several.empty())
    wrong(text, "one string is one address; " + as_strings(several) + " would be right");
  if (text.find("://") != std::string_view::npos) wrong(text, "it has a scheme; ADDRESS:PORT alone would be right");
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    wrong(text, "expected ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH, such as 127.0.0.1:8080");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  listen_address a;
  const auto number = port_number(port);
  if (!number) wrong(text, "the port is no number from 0 to 65535");
  a.port = *number;
  a.v6 = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (a.v6) host = host.substr(1, host.size() - 2);
  a.host = host == "localhost" ? "127.0.0.1" : std::string{host};
  if (!is_ip(a.v6 ? AF_INET6 : AF_INET, a.host))
    wrong(text, a.host.find(':') == std::string::npos
                    ? "the host is no IP address; 127.0.0.1, localhost, or 0.0.0.0 for all of them would be right"
                    : "an IPv6 address stands in brackets: [::1]:8080");
  return a;
}

std::string listen_address::text() const {
  if (is_unix()) return "unix:" + unix_path;
  return host_and_port(host, std::to_string(port));
}

namespace {

std::string bytes_of(const listen_address& a) {
  in6_addr bytes{};
  ::inet_pton(a.v6 ? AF_INET6 : AF_INET, a.host.c_str(), &bytes);
  return {reinterpret_cast<const char*>(&bytes), a.v6 ? sizeof(in6_addr) : sizeof(in_addr)};
}

bool is_of_all(const std::string& bytes) { return bytes.find_first_not_of('\0') == std::string::npos; }

} // namespace

std::string clash_of(const listen_address& mine, const listen_address& other, const std::string& whose) {
  const std::string is = "is \"" + printable(mine.text()) + "\", ";
  const std::string same = is + "as " + whose + " is; an address of its own would be right";
  if (mine.is_unix() || other.is_unix()) return mine.unix_path == other.unix_path ? same : "";
  if (mine.port == 0 || mine.port != other.port || mine.v6 != other.v6) return {};
  const std::string here = bytes_of(mine), there = bytes_of(other);
  if (here == there) return same;
  const std::string the_other = '"' + printable(other.text()) + "\" of " + whose;
  if (is_of_all(here)) return is + "which takes in " + the_other + "; another port would be right";
  if (is_of_all(there)) return is + "which " + the_other + " takes in; another port would be right";
  return {};
}

} // namespace swill::net
