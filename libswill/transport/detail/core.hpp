#pragma once

#include "libswill/base/log_limiter.hpp"
#include "libswill/base/short_jobs.hpp"
#include "libswill/net/acceptor.hpp"
#include "libswill/net/http/router.hpp"
#include "libswill/net/poller.hpp"
#include "libswill/net/tls.hpp"
#include "libswill/transport/detail/memory.hpp"
#include "libswill/transport/detail/memory_return.hpp"
#include "libswill/transport/upgrade.hpp"
#include "libswill/transport/websocket_server.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace swill::transport::detail {

class server_connection;

/// Counts connections of one kind, of which there may be so many at a time. From any thread.
class seats {
public:
  explicit seats(std::size_t most) noexcept : most_(most) {}
  /// False: all are taken.
  bool take() noexcept;
  void give_back() noexcept { taken_.fetch_sub(1, std::memory_order_relaxed); }
  bool are_taken() const noexcept { return taken_.load(std::memory_order_relaxed) >= most_; }

private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

/// What a connection counts as.
enum class seat : std::uint8_t {
  none,
  place,    ///< one of limits::connections
  waiting,  ///< in the waiting room: for a place, or for its own end
  internal, ///< kept for internal listeners
};

/// What the connections of one loop share. Used on that loop only, but for the counters.
struct lane {
  lane(net::event_loop& l, std::shared_ptr<log_limiter> lines)
      : loop(l), jobs(std::make_shared<short_jobs>(l)), log(l, std::move(lines)) {}
  lane& operator=(lane&&) = delete;

  net::event_loop& loop;
  std::shared_ptr<short_jobs> jobs; // with the threads that run them, and the requests that wait for them
  counters count;
  limited_log log;                    // for what peers can cause as often as they like
  server_connection* first = nullptr; // list of all connections but those that are done
  /// Those that have nothing more to send and wait for their peers' end, all of them in the waiting room: the one that has waited longest is first.
  server_connection* done = nullptr;
  server_connection** done_end = &done;     // the pointer that the next one comes to
  std::atomic<std::uint32_t> done_count{0}; ///< of those, for other loops

  static constexpr std::size_t scratch_size = 64 * 1024;
  std::array<std::byte, scratch_size> assembled; ///< for one message
};

/// A listener of the settings, with what its connections share.
struct door {
  const listener& how;
  std::unique_ptr<net::tls_server> tls; ///< null without TLS
  std::string where;                    ///< its address, with the real port once that is taken
};

/// What all connections of a server share. Owned by the server and by each of its connections.
struct core {
  core(server_settings s, gate& g);

  const server_settings settings;
  const net::http::router routes;          ///< of public listeners: the WebSocket endpoints, and the settings'
  const net::http::router internal_routes; ///< of internal ones
  const upgrade_rules rules;
  const std::shared_ptr<log_limiter> lines; ///< with the lanes
  gate& entrance;
  std::vector<door> doors; ///< as the settings have them
  std::atomic<bool> draining{false};
  memory_account memory;
  std::shared_ptr<memory_return> returns; ///< with the first lane
  const std::size_t little_output;        ///< of one connection: below it no budget is asked
  std::vector<std::unique_ptr<lane>> lanes;

  std::atomic<std::size_t> open{0}; // connections, whatever they count as
  std::mutex mutex;
  std::condition_variable all_gone;

  /// A connection comes, and counts as what this returns. A client's takes a place, or waits where there is none. One of an internal listener takes room that
  /// clients cannot have, then room among those who wait, and a client's place last. `none`: there is no room for it at all.
  seat enter(bool is_internal) noexcept;
  /// What counts as `now` shall count as `then`; true when it does.
  bool move(seat& now, seat then) noexcept;
  void leave(seat s);

  seats places, waiting_room, internal_room;

private:
  seats& of(seat s) noexcept;
};

} // namespace swill::transport::detail
