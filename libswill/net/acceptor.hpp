#pragma once

#include "libswill/base/log_limiter.hpp"
#include "libswill/net/address.hpp"
#include "libswill/net/event_loop.hpp"
#include "libswill/net/poller.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace swill::net {

/// A connection fresh from accept().
struct newcomer {
  int fd = -1;
  int family = 0;
  std::string address; ///< of the peer: an IP address, or "unix"
  std::uint16_t port = 0;
};

struct acceptor_options {
  int backlog = 1024; ///< connections that the kernel keeps until they are accepted
  std::size_t kernel_unsent =
      0; ///< bytes that it takes from a connection and has not sent (TCP_NOTSENT_LOWAT); 0: as it likes
};

/// Accepts connections on one address, on one loop. Owned by the server, and by what it has posted to the loop.
class acceptor : public std::enable_shared_from_this<acceptor>, private watched, private timer {
public:
  using taker = std::function<void(newcomer)>;

  /// Takes the address; throws std::system_error. `take` is called on the loop for each connection, and owns its descriptor. Where that is all that keeps
  /// others from taking it, at a Unix socket or a port that the kernel picks, it listens already.
  static std::shared_ptr<acceptor> make(event_loop& l, limited_log& log, const listen_address& where,
                                        const acceptor_options& options, taker take);
  ~acceptor() override;

  /// With the real port.
  const listen_address& address() const noexcept { return where_; }

  /// Before start(): throws std::system_error.
  void listen();
  /// Starts to accept. On the loop.
  void start();

  /// Listens no longer, and removes a Unix socket. On the loop, or when it does not run.
  void stop();

private:
  acceptor(event_loop& l, limited_log& log, listen_address where, taker take);

  void bind(const acceptor_options& options);
  void bind_unix();
  void on_ready(bool readable, bool writable, bool broken) noexcept override;
  void accept_some();
  void pause(int error);
  void on_timer() override;

  event_loop& loop_;
  limited_log& log_;
  listen_address where_;
  taker take_;
  int fd_ = -1;
  int backlog_ = 0;
  bool listens_ = false;
  bool is_watched_ = false;
  int at_once_ = 1;          // connections that are asked for in one turn
  unsigned in_a_row_ = 0;    // turns in which so many were there
  std::uint64_t device_ = 0; // of the Unix socket, so that no other's is removed
  std::uint64_t inode_ = 0;
};

} // namespace swill::net
