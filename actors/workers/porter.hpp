#pragma once

#include "actors/workers/admission.hpp"
#include "actors/workers/wake_up.hpp"
#include "libswill/base/log_limiter.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

namespace swill::actors::workers {

/// What a porter asks for, and how much it bears with.
struct house_rules {
  std::string secret;
  link_certificates* certificates = nullptr; ///< null without TLS; lives longer than the porter
  /// Connections that have not shown who they are. When reached: the next takes the place of the oldest one of the address that has most.
  std::size_t strangers = 256;
  /// From its first moment until such a connection has shown who it is. When reached: it is dropped.
  std::chrono::milliseconds patience{5000};
  /// Whether there is room for one that has just shown who it is (introduction); called on the porter's thread.
  admission::expectation expects{};
};

/// Stands where workers connect, and lets in whoever shows that it may (admission). What strangers send is read here, a few dozen bytes of
/// each, and nowhere else. A thread of its own.
class porter {
public:
  using admitted = std::function<void(std::unique_ptr<link_socket>)>;
  /// Listens; those who connect wait until open(). `let_in` is called on the porter's thread; `log` outlives it. Throws std::runtime_error when the address cannot be had.
  porter(const host_and_port& at, house_rules rules, admitted let_in, const log_sink* log);
  /// Listens no longer; drops who has not been let in.
  ~porter();
  porter& operator=(porter&&) = delete;

  /// Begins to receive.
  void open();
  std::uint16_t port() const noexcept { return port_; }

private:
  struct stranger {
    std::unique_ptr<admission> at;
    std::string address;
    clock_time until;
    short events;
  };

  void run();
  void wait();
  void go_on();
  bool advance(stranger& s);
  void drop_late(clock_time now);
  void accept();
  void receive(int fd, const std::string& address);
  void make_room();
  void refuse(const admission& a);
  void write(log_level level, std::string_view kind, const std::string& text);

  house_rules rules_;
  admitted let_in_;
  log_limiter log_;
  clock_time flush_at_ = clock_time::max(); ///< what the log has only counted
  int listener_ = -1;
  std::uint16_t port_ = 0;
  wake_up stopping_;
  std::vector<stranger> strangers_; ///< the oldest first
  std::vector<pollfd> polled_;      ///< the wake-up, the listener, then strangers_
  clock_time accepts_from_{};       ///< before that there are no descriptors to accept with
  std::thread thread_;              ///< last: it uses the rest
};

} // namespace swill::actors::workers
