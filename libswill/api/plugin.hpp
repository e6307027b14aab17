#pragma once

#include <functional>

namespace swill {

class app;
namespace actors {
class runtime;
}

/// What serves an app beside its handlers, on the loops of the server that runs it: sessions, pub/sub, remote handlers. An app holds it
/// from `app::use` on, and so does each server that was started from that app; one server at a time.
class plugin {
public:
  plugin() = default;
  plugin(const plugin&) = delete;
  plugin& operator=(const plugin&) = delete;
  virtual ~plugin() = default;

  /// Called once by app::use: adds the hooks and handlers that it brings.
  virtual void install(app& a);

  /// The server starts: before the first handshake, on the thread that starts it, while the loops turn. What it throws keeps the server
  /// from starting.
  virtual void start(actors::runtime& r) = 0;

  /// The server is going to stop: new requests are refused from now on. From any thread; must not wait.
  virtual void drain() noexcept {}

  /// The server stops: every connection and request has ended, the loops still turn. Calls `done`, from any thread, once nothing of this
  /// uses the loops or the actor system any more.
  virtual void stop(std::function<void()> done) = 0;
};

} // namespace swill
