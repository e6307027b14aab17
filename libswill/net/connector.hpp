#pragma once

#include "libswill/base/name_look_up.hpp"
#include "libswill/net/event_loop.hpp"

#include <functional>
#include <memory>
#include <string>

namespace swill::net {

/// The way from a name to a connected socket, for whoever begins connections: looks the name up without blocking anybody
/// (name_look_up), and tries its addresses as RFC 8305 says. IPv6 and IPv4 take turns, an attempt begins each 250 ms or as soon as the one
/// before it has failed, those before it go on, and the first that is connected wins. So an address that drops packets costs 250 ms.
///
/// A connector is kept for as long as its owner may want to connect again. Each connect() then begins with the address after that which
/// the one before it began with, or which it gave, until begin_with_first(): an address that is connected at once but of no use does not
/// keep the owner from the others.
///
/// All of it on the thread of its loop, which must outlive it.
class connector {
public:
  /// A socket that is connected and does not block, with TCP_NODELAY and FD_CLOEXEC, which the callback then owns; or error 503, whose message
  /// says why there is none. Called once for each connect(), never from within it; may use and destroy the connector; must not throw.
  using callback = std::function<void(result<int> socket)>;

  /// Attempts that one connect() has under way at the same time; further ones wait for one of these to fail.
  static constexpr std::size_t most_attempts = 8;

  /// `f` looks names up; empty: look_up_addresses.
  explicit connector(event_loop& l, look_up_function f = {});
  /// As cancel().
  ~connector();
  connector& operator=(connector&&) = delete;

  /// To "HOST:PORT". An address needs no look-up. The connector gives up when all addresses have failed; how long that may take is for its
  /// owner to limit, with cancel(). A connect() that is under way is cancelled.
  void connect(std::string host_and_port, callback done);
  /// To a Unix socket.
  void connect_unix(const std::string& path, callback done);

  /// `done` is not called any more, and attempts end. A look-up goes on, and the next connect() to that name takes its answer: a name
  /// server that is slower than the owner's patience is asked once, not once for each attempt.
  void cancel() noexcept;

  /// The last connection was good, or is forgotten: the next begins with the first address.
  void begin_with_first() noexcept;

private:
  struct impl;
  std::shared_ptr<impl> impl_; // with what the loop runs for it
};

} // namespace swill::net
