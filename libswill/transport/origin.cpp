#include "libswill/transport/origin.hpp"

#include "libswill/base/host_and_port.hpp"
#include "libswill/net/http/request.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <stdexcept>

namespace swill::transport {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view s) {
  std::string out{s};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool is_scheme(std::string_view s) noexcept {
  return !s.empty() && is_letter(s.front()) && std::all_of(s.begin(), s.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

std::uint16_t port_of(std::string_view scheme) noexcept {
  if (scheme == "http") return 80;
  return scheme == "https" ? 443 : 0;
}

// An address as browsers write it. Nothing where it is none.
std::optional<std::string> normal_ipv6(std::string_view text) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, std::string{text}.c_str(), &address) != 1) return std::nullopt;
  char out[INET6_ADDRSTRLEN] = {};
  return std::string{::inet_ntop(AF_INET6, &address, out, sizeof out)};
}

struct parts {
  origin made;
  const char* wrong = nullptr; ///< why it is no origin
};

// After the scheme: a host, and perhaps a port.
const char* read_authority(std::string_view text, origin& into) {
  std::string_view port;
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
    const auto number = port_number(port);
    if (!number) return "its port is no number from 0 to 65535";
    into.port = *number;
  }
  if (text.empty()) return "it has no host";
  if (text.find('@') != std::string_view::npos) return "an origin has no user";
  if (text.front() == '[') {
    const auto address = text.back() == ']' ? normal_ipv6(text.substr(1, text.size() - 2)) : std::nullopt;
    if (!address) return "what stands in brackets is no IPv6 address";
    into.host = '[' + *address + ']';
    return nullptr;
  }
  if (std::any_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }))
    return "browsers send the ASCII form of a host (xn--...)";
  if (!net::http::is_host(text)) return "its host is none";
  into.host = lower(text);
  return nullptr;
}

parts read_origin(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return {{}, "an origin begins with its scheme, such as https://"};
  parts p;
  p.made.scheme = lower(text.substr(0, colon));
  if (!is_scheme(p.made.scheme)) return {{}, "its scheme is none"};
  if (p.made.scheme == "ws" || p.made.scheme == "wss")
    return {{}, "the origin is the page's, http:// or https://, not the socket's"};
  p.made.port = port_of(p.made.scheme);
  text.remove_prefix(colon + 3);
  if (text.find_first_of("/?#") != std::string_view::npos) return {{}, "an origin has no path"};
  p.wrong = read_authority(text, p.made);
  return p;
}

} // namespace

std::optional<origin> origin::parse(std::string_view text) {
  parts p = read_origin(text);
  if (p.wrong != nullptr) return std::nullopt;
  return std::move(p.made);
}

origin_list::origin_list(const std::vector<std::string>& texts) : any_(texts.empty()) {
  for (const auto& text : texts) add(text);
}

void origin_list::add(const std::string& text) {
  if (text == "*") {
    any_ = true;
    return;
  }
  if (lower(text) == "null") {
    null_ = true;
    return;
  }
  std::string_view rest = text;
  if (rest.ends_with('/') && !rest.ends_with("//")) rest.remove_suffix(1);
  parts p = read_origin(rest);
  const auto star = p.made.host.find('*');
  const bool is_domain = p.made.host.starts_with("*.") && p.made.host.size() > 2;
  if (p.wrong == nullptr && star != std::string::npos && (!is_domain || p.made.host.rfind('*') != star))
    p.wrong = "a star stands for whole names before a domain only: https://*.example.org";
  if (p.wrong != nullptr) throw std::invalid_argument("origin '" + text + "' can never match: " + p.wrong);
  if (is_domain) p.made.host.erase(0, 1);
  (is_domain ? domains_ : hosts_).push_back(std::move(p.made));
}

bool origin_list::allows(std::string_view text) const {
  if (any_) return true;
  if (text == "null") return null_;
  const auto asked = origin::parse(text);
  if (!asked) return false;
  if (std::find(hosts_.begin(), hosts_.end(), *asked) != hosts_.end()) return true;
  return std::any_of(domains_.begin(), domains_.end(), [&](const origin& d) {
    return d.scheme == asked->scheme && d.port == asked->port && asked->host.size() > d.host.size() &&
           asked->host.ends_with(d.host);
  });
}

} // namespace swill::transport
