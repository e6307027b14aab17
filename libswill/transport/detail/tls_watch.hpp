#pragma once

#include "libswill/transport/detail/core.hpp"

#include <memory>

namespace swill::transport::detail {

/// Has the files of a door's TLS looked at from time to time: on the pool, because they may be on a disk that is slow. Owned by the server, and by
/// what waits on the loop.
class tls_watch final : public std::enable_shared_from_this<tls_watch>, timer {
public:
  /// `d` is one of c's.
  tls_watch(std::shared_ptr<core> c, const door& d) : core_(std::move(c)), door_(d) {}

  // On the first loop, or when it does not run
  void start() { loop().set_timer(*this, loop().now() + door_.how.tls->look_interval); }
  void stop() { cancel(); }

private:
  net::event_loop& loop() const { return core_->lanes.front()->loop; }
  void on_timer() override {
    loop().offload([c = core_, &d = door_] { d.tls->look(logger{&c->settings.log, log_room::transport}, d.where); });
    start();
  }

  std::shared_ptr<core> core_; // whose doors are looked at
  const door& door_;
};

} // namespace swill::transport::detail
