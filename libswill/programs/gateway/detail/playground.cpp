#include "libswill/programs/gateway/detail/playground.hpp"

#include "libswill/net/address.hpp"
#include "libswill/net/http/conditions.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <arpa/inet.h>

namespace swill::programs {

namespace {

#include "libswill/programs/gateway/detail/playground_page.inc"

constexpr const char* page_path = "/playground";

/// An address that only this machine reaches. A Unix socket is none: who listens there is usually a proxy.
bool is_loopback(const listener& l) {
  try {
    const auto address = net::listen_address::parse(l.address);
    if (!address.v6) return address.host.starts_with("127.");
    in6_addr a{};
    return ::inet_pton(AF_INET6, address.host.c_str(), &a) == 1 && IN6_IS_ADDR_LOOPBACK(&a);
  } catch (const std::invalid_argument&) {
    return false; // the server will say what is wrong
  }
}

bool is_for_this_machine(const server_options& o) {
  const auto is_private = [](const listener& l) { return l.is_internal || is_loopback(l); };
  return std::all_of(o.listen.begin(), o.listen.end(), is_private);
}

/// The page may run its own script and style, which are known by their hashes, and speak to the server that it is from: nothing else. Trusted
/// Types have the browser refuse to read any text as HTML. No page may frame it, so that nobody is led to click in it.
std::string content_security_policy() {
  std::string policy = "default-src 'none'; script-src ";
  policy.append(page_script).append("; style-src ").append(page_style);
  return policy += "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                   "require-trusted-types-for 'script'; trusted-types 'none'";
}

http_response answer(const http_request& r, const std::string& endpoint) {
  const bool packed = net::http::accepts_coding(r.headers, "gzip");
  const std::string tag = '"' + std::string{page_tag} + (packed ? "-gz\"" : "\"");
  http_response out{.headers = {{"ETag", tag},
                                {"Cache-Control", "no-cache"},
                                {"Vary", "Accept-Encoding"},
                                {"Swill-Endpoint", endpoint},
                                {"Content-Type", "text/html; charset=utf-8"},
                                {"Content-Security-Policy", content_security_policy()},
                                {"X-Content-Type-Options", "nosniff"},
                                {"X-Frame-Options", "DENY"},
                                {"Referrer-Policy", "no-referrer"},
                                {"Cross-Origin-Opener-Policy", "same-origin"},
                                {"Cross-Origin-Resource-Policy", "same-origin"}}};
  out.status = net::http::status_by_conditions(r.headers, {.tag = tag});
  if (out.status != 200) return out;
  if (packed) {
    out.headers.emplace_back("Content-Encoding", "gzip");
    out.body.assign(std::begin(page_packed), std::end(page_packed));
  } else {
    out.body = page_text;
  }
  return out;
}

} // namespace

void playground::add_to(command_line& program) {
  option_ =
      program.add({"--playground", on_,
                   "serve /playground, a page that calls handlers by hand; when not given: where all --listen are "
                   "loopback addresses, without --trust-forwarded-..."});
}

void playground::apply(app& a, const server_options& o, const http_settings& files, bool behind_proxy) {
  const bool is_taken = o.path == page_path || files.has(page_path);
  if (!was_given(option_)) on_ = !behind_proxy && !is_taken && is_for_this_machine(o);
  if (!on_) return;
  if (is_taken)
    throw std::invalid_argument(std::string{"--playground: "} + (o.path == page_path ? "--path" : "--static") +
                                " has " + page_path + " already");
  endpoint_ = o.path;
  const auto f = [endpoint = endpoint_](const http_request& r) { return answer(r, endpoint); };
  a.add_route(detail::http_routes::function{page_path, f, http_listeners::all,
                                            "the playground (left out by --playground=off)"});
}

std::string playground::url(const std::vector<std::string>& urls) const {
  if (!on_) return {};
  for (const std::string& url : urls) {
    if (!url.starts_with("ws")) continue; // a Unix socket
    return "http" + url.substr(2, url.size() - 2 - endpoint_.size()) + page_path;
  }
  return {};
}

} // namespace swill::programs
