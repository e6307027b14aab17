#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace swill {

class app;
class mistake_list;
namespace actors {
class runtime;
}

/// What serves an app beside its handlers, on the loops of the server that runs it: sessions, pub/sub, remote handlers. An app holds it
/// from `app::use` on, and so does each server that was started from that app; one server at a time.
class plugin {
public:
  plugin& operator=(plugin&&) = delete;
  virtual ~plugin() = default;

  /// Called once by app::use: adds the hooks and handlers that it brings.
  virtual void install(app& a);

  /// What it is, such as "sessions", where an app can have only one of that kind. Empty: an app may have any number of them.
  virtual std::string_view kind() const noexcept { return {}; }
  /// Another plugin, which the app must have got before this one, because this one uses it from its start to its stop. Null: none.
  virtual const plugin* needs() const noexcept { return nullptr; }
  /// Whether it serves handlers that the app does not know before it starts.
  virtual bool brings_handlers() const noexcept { return false; }
  /// Whether clients come by it, so that its server needs no address to listen at.
  virtual bool brings_clients() const noexcept { return false; }
  /// Adds what in its options cannot be meant. Called by app::validate, and so before each start.
  virtual void check(mistake_list& out) const;

  /// The server starts: before the first handshake, on the thread that starts it, while the loops turn. What it throws keeps the server
  /// from starting.
  virtual void start(actors::runtime& r) = 0;

  /// Why it would not serve new clients well now, such as "Redis cannot be reached"; empty: it would. `/readyz` says so. While its server runs, from any
  /// thread, several at a time; must not wait.
  virtual std::string not_ready() const { return {}; }

  /// The server is going to stop: new requests are refused from now on. From any thread; must not wait.
  virtual void drain() noexcept {}

  /// The server stops: every connection and request has ended, the loops still turn. Calls `done`, from any thread, once nothing of this
  /// uses the loops or the actor system any more.
  virtual void stop(std::function<void()> done) = 0;
};

} // namespace swill
