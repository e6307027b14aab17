#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/redis/options.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace swill::redis {

/// What a subscriber tells, on its loop's thread. Texts are borrowed for the call. Each may use the subscriber, not destroy it; none may
/// throw.
struct subscriber_events {
  std::function<void(std::string_view channel, std::string_view payload)> on_message;
  /// Redis has confirmed: what is published from now on arrives. Called again for each channel whenever the connection was made anew;
  /// what was published in between is lost, so look at the history now.
  std::function<void(std::string_view channel)> on_subscribed;
  /// As client::on_state. With true, the wanted channels are being subscribed already.
  std::function<void(bool up)> on_state;
};

/// The channels of Redis' pub/sub that one wants, on a connection of its own that is made again, with all of them, whenever it breaks. A
/// cut network is noticed after options::liveness, also when nothing is published.
///
/// All of it on the thread of its loop, which must be one with sockets (not a test's manual loop) and outlive it.
class subscriber {
public:
  /// Throws error 500 when `l` is no loop with sockets. `log`, which may be null, must outlive the subscriber.
  subscriber(swill::loop& l, options o, subscriber_events e, const log_sink* log = nullptr);
  /// As close, without waiting.
  ~subscriber();

  /// As client::set_check; may be called several times. Before start().
  void set_check(std::vector<std::string> command);
  void start();
  /// Makes the connection anew: what it is connected to may not be what its name stands for any more.
  void reconnect(const std::string& why);
  /// Tells nothing more; `done` is called, on the loop's thread, when nothing of this uses the loop.
  void close(std::function<void()> done = {});
  bool is_up() const noexcept;

  /// At any time, also while there is no connection. A channel that is wanted already: on_subscribed is not called again. How many channels
  /// there are is for the caller to limit.
  void subscribe(std::string_view channel);
  void unsubscribe(std::string_view channel);
  /// Redis has confirmed it on this connection.
  bool is_subscribed(std::string_view channel) const;
  std::size_t size() const noexcept;

private:
  struct impl;
  std::shared_ptr<impl> impl_; // with callbacks that run while it is closed
};

} // namespace swill::redis
