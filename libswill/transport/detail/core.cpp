#include "libswill/transport/detail/core.hpp"

#include <algorithm>

namespace swill::transport::detail {

namespace {

/// What the handshake's rules answer for, beside what the settings add.
std::vector<net::http::route> with_endpoints(const server_settings& s) {
  std::vector<net::http::route> all = s.routes;
  all.push_back({.path = s.path});
  if (s.path != ready_path) all.push_back({.path = std::string{ready_path}});
  if (s.test_echo) all.push_back({.path = "/echo"});
  return all;
}

} // namespace

core::core(server_settings s, gate& g)
    : settings(std::move(s)),
      routes(with_endpoints(settings)),
      internal_routes(settings.internal_routes),
      rules{.path = settings.path,
            .origins = origin_list{settings.origins},
            .subprotocols = settings.subprotocols,
            .echo = settings.test_echo},
      lines(std::make_shared<log_limiter>(&settings.log, log_room::transport)),
      entrance(g),
      memory(server_memory(settings.limits.server_memory, usable_memory(),
                           std::max(settings.limits.message_size, settings.test_echo ? settings.echo_size : 0))),
      little_output(std::min(least_share, 2 * settings.limits.send_buffer)) {
  for (const listener& l : settings.listen) {
    const std::string path = "listen[" + std::to_string(doors.size()) + "].tls";
    doors.push_back({l, l.tls ? std::make_unique<net::tls_server>(*l.tls, path) : nullptr});
  }
}

void core::one_less() {
  if (open.fetch_sub(1) != 1) return;
  std::lock_guard lock{mutex};
  all_gone.notify_all();
}

} // namespace swill::transport::detail
