#pragma once

#include "libswill/net/event_loop.hpp"

#include <memory>
#include <thread>
#include <vector>

namespace swill::net {

/// The I/O threads of a server or client: one event_loop each. The loops exist from the start, so that what runs on them can be set up
/// before they turn.
class io_threads {
public:
  /// `count` 0: one for each core. `log` must outlive this; may be null.
  explicit io_threads(std::size_t count, event_loop::offload_function offload = {}, const log_sink* log = nullptr);

  /// Stops and joins.
  ~io_threads();

  std::size_t size() const noexcept { return loops_.size(); }
  event_loop& operator[](std::size_t i) noexcept { return *loops_[i]; }
  std::vector<event_loop*> loops() const;

  /// Starts the threads. Once.
  void start();

  /// Stops the loops and joins the threads; what still waits on a loop is destroyed with it. Not from a loop's thread.
  void stop();

  /// Instead of stop() where a loop is held for ever: nobody joins its thread, and this must outlive it.
  void detach();

private:
  std::vector<std::unique_ptr<event_loop>> loops_;
  std::vector<std::thread> threads_;
};

} // namespace swill::net
