#pragma once

#include "actors/workers/wake_up.hpp"

#include <functional>
#include <string>
#include <thread>

namespace swill::actors::workers {

/// Tells programs of this host how a worker is: whoever connects to an abstract socket (unix(7), no file: it works where nothing can be
/// written) gets one line, "ok: …" or "no: …", and the end. Nothing is read. A thread of its own.
class health_socket {
public:
  /// `answer` is called on its thread. Throws std::system_error when the name cannot be had.
  health_socket(const std::string& name, std::function<std::string()> answer);
  ~health_socket();
  health_socket& operator=(health_socket&&) = delete;

private:
  void run();

  std::function<std::string()> answer_;
  int listener_;
  wake_up stopping_;
  std::thread thread_; ///< last: it uses the rest
};

} // namespace swill::actors::workers
