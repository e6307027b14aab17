#include "libswill/server/server.hpp"

#include "actors/scheduler.hpp"
#include "libswill/base/likely_path.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/net/address.hpp"
#include "libswill/net/tls.hpp"
#include "libswill/transport/origin.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace swill {

namespace {

constexpr std::size_t most_threads = 1024;

/// What f says when it throws.
template <class F>
void check_text(const std::string& path, const F& f, mistake_list& out) {
  try {
    f();
  } catch (const std::invalid_argument& e) {
    out.add(path, e.what());
  }
}

/// Why the endpoint cannot have such a path, which begins with a slash; empty where it may.
std::string problem_of_endpoint(const server_options& o, const std::string& path) {
  const auto is_strange = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '?' || c == '#';
  };
  if (printable(path) != path || std::any_of(path.begin(), path.end(), is_strange))
    return "; no request has such a path: one without spaces, control characters, ? and # would be right";
  if (path == "/ready" || (o.test_echo && path == "/echo") || (o.health && (path == "/livez" || path == "/readyz")))
    return ", which the server answers itself; any other would be right";
  return {};
}

void check_path(const server_options& o, mistake_list& out) {
  const std::string is = "is \"" + printable(o.path) + "\"";
  if (!o.path.starts_with('/')) {
    const std::string meant = likely_path(o.path);
    const bool may_be_meant = problem_of_endpoint(o, meant).empty();
    out.add("server_options.path", is + "; a path begins with a slash" +
                                       (may_be_meant ? ": \"" + meant + "\" would be right" : std::string{}));
  } else if (const std::string problem = problem_of_endpoint(o, o.path); !problem.empty()) {
    out.add("server_options.path", is + problem);
  }
}

std::optional<net::listen_address> parsed(const std::string& address) {
  try {
    return net::listen_address::parse(address);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

void check_address(const server_options& o, std::size_t i) {
  const auto mine = net::listen_address::parse(o.listen[i].address);
  for (std::size_t other = 0; other < i; ++other) {
    const auto its = parsed(o.listen[other].address);
    if (!its) continue; // which has been told
    const std::string clash = net::clash_of(mine, *its, "server_options.listen[" + std::to_string(other) + "]");
    if (!clash.empty()) throw std::invalid_argument(clash);
  }
}

} // namespace

void check(const server_options& o, mistake_list& out) {
  for (std::size_t i = 0; i < o.listen.size(); ++i) {
    const std::string path = "server_options.listen[" + std::to_string(i) + "]";
    check_text(
        path, [&] { check_address(o, i); }, out);
    if (o.listen[i].tls) net::check(*o.listen[i].tls, path + ".tls", out);
  }
  for (std::size_t i = 0; i < o.origins.size(); ++i) {
    const std::string path = "server_options.origins[" + std::to_string(i) + "]";
    check_text(
        path, [&] { static_cast<void>(transport::origin_list{o.origins[i]}); }, out);
  }
  if (o.listen.empty() && !o.origins.empty())
    out.add("server_options.origins",
            "has no effect: this server listens nowhere; an address in listen would be right");
  check_path(o, out);
  if (o.actor_system) actors::check_config(*o.actor_system, "server_options.actor_system", out);
  out.check_size("server_options.io_threads", o.io_threads, 0, most_threads);
  out.check_size("server_options.workers", o.workers, 0, most_threads);
  out.check_size("server_options.kernel_unsent", o.kernel_unsent, 0, std::numeric_limits<int>::max());
}

} // namespace swill
