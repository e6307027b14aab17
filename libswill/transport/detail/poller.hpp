#pragma once

#include "libswill/transport/asio_loop.hpp"

#include <array>
#include <cstdint>
#include <memory>

struct epoll_event;

namespace swill::transport::detail {

class poller;

/// A descriptor that a poller watches, and what happens when it is ready.
class watched {
public:
  virtual ~watched() = default;

protected:
  /// Inside a turn. `broken` comes whatever was asked for, and again and again until the descriptor is removed.
  virtual void on_ready(bool readable, bool writable, bool broken) noexcept = 0;

private:
  friend class poller;
  std::uint32_t interest_ = 0;
};

/// Readiness of many descriptors for one Asio handler: an epoll set of its own inside Asio's. Asio 1.74 asks every socket once more
/// after each read, in vain, and each waiting read needs a buffer and an operation in memory; here a connection at rest costs nothing
/// and a burst one recv. On the loop's thread.
class poller : public std::enable_shared_from_this<poller> {
public:
  explicit poller(asio_loop& l);
  ~poller();

  /// Starts to watch; throws std::system_error.
  void add(watched& w, int fd, bool read, bool write);
  /// `end` asks for the peer's end of sending (FIN) where nothing is read; on_ready() then says `readable`.
  void change(watched& w, int fd, bool read, bool write, bool end = false);
  /// Before fd is closed.
  void remove(watched& w, int fd) noexcept;

  /// Watches nothing any more; must come before the destructor when the loop runs.
  void close() noexcept;

private:
  struct waiter;
  void wait();
  void dispatch();

  static constexpr int events_per_turn = 64;
  asio_loop& loop_;
  std::unique_ptr<waiter> waiter_;
  std::unique_ptr<epoll_event[]> events_;
  int count_ = 0; // of events_ that are being dispatched
  bool waiting_ = false;
};

} // namespace swill::transport::detail
