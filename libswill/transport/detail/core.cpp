#include "libswill/transport/detail/core.hpp"

#include "libswill/base/process.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace swill::transport::detail {

namespace {

// Connections without a place: those that wait for their 503, and those that were answered, or have closed their WebSocket, and whose clients have not
// ended TCP yet. A quarter of the descriptors where those are few. Where it is full, one more takes the seat of one that has its answer, the one of a loop
// that has waited longest (lane::done); where there is none of those, it is closed at once.
constexpr std::size_t waiting_room_size = 256;
// Connections of internal listeners that nobody else can keep away; further ones are in the waiting room.
constexpr std::size_t internal_room_size = 32;

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
      little_output(std::min(least_share, 2 * settings.limits.send_buffer)),
      places(settings.limits.connections),
      waiting_room(std::min(waiting_room_size, raise_descriptor_limit() / 4)),
      internal_room(std::min(internal_room_size, raise_descriptor_limit() / 16)) {
  for (const listener& l : settings.listen) {
    const std::string path = "server_options.listen[" + std::to_string(doors.size()) + "].tls";
    doors.push_back({l, l.tls ? std::make_unique<net::tls_server>(*l.tls, path) : nullptr, l.address});
  }
}

bool seats::take() noexcept {
  std::size_t n = taken_.load(std::memory_order_relaxed);
  do {
    if (n >= most_) return false;
  } while (!taken_.compare_exchange_weak(n, n + 1, std::memory_order_relaxed));
  return true;
}

seat core::enter(bool is_internal) noexcept {
  static constexpr std::array for_clients{seat::place, seat::waiting};
  static constexpr std::array for_operators{seat::internal, seat::waiting, seat::place};
  for (const seat s : is_internal ? std::span<const seat>{for_operators} : std::span<const seat>{for_clients}) {
    if (!of(s).take()) continue;
    open.fetch_add(1);
    return s;
  }
  return seat::none;
}

seats& core::of(seat s) noexcept {
  return s == seat::place ? places : s == seat::internal ? internal_room : waiting_room;
}

bool core::move(seat& now, seat then) noexcept {
  if (now == then) return true;
  if (!of(then).take()) return false;
  of(now).give_back();
  now = then;
  return true;
}

void core::leave(seat s) {
  of(s).give_back();
  if (open.fetch_sub(1) != 1) return;
  std::lock_guard lock{mutex};
  all_gone.notify_all();
}

} // namespace swill::transport::detail
