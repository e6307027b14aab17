#pragma once

#include "libswill/api/ports.hpp"
#include "libswill/api/serving/call_queue.hpp"
#include "libswill/api/serving/service.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace swill::detail {

/// What the calls of one connection have around them. It is the connection's, and outlives them. On its thread.
class call_surroundings {
public:
  call_surroundings(const service& a, connection& c, turn_queue& t) noexcept : app(a), peer(c), turns(t) {}

  const service& app;
  connection& peer;
  turn_queue& turns;
  /// Null before the connection is accepted, and when it is over: what a call has to say of its input then is for nobody.
  message_port* port = nullptr;
  /// Streams that wait for room in the port's output.
  call_queue waiting;
  /// The connection takes no new requests. [any thread]
  std::atomic<bool> is_draining{false};

  /// What a call keeps of the client's items has changed by so many bytes.
  void on_held(std::ptrdiff_t bytes) const {
    if (port != nullptr) port->on_held(bytes);
  }
  void on_item_taken(std::uint64_t seq) const {
    if (port != nullptr) port->on_item_taken(seq);
  }
  /// More waits for the handler of a call than may, or no longer: nothing is read from the client as long as there is one such.
  void pause_reading(bool paused) {
    const bool was_paused = full_ != 0;
    full_ += paused ? 1 : -1;
    if (port != nullptr && was_paused != (full_ != 0)) port->pause_reading(paused);
  }

private:
  std::ptrdiff_t full_ = 0; ///< calls that want nothing to be read
};

} // namespace swill::detail
