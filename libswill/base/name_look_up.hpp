#pragma once

#include "libswill/base/host_and_port.hpp"
#include "libswill/base/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace swill {

/// Gives the addresses of "HOST:PORT" (an IPv6 address as HOST stands in brackets), each as "ADDRESS:PORT" with numbers, the preferred
/// first. It may block for as long as it likes: it is called on a thread of its own, for several names at once. It throws when the name
/// cannot be looked up; the exception's text is for logs.
using look_up_function = std::function<std::vector<std::string>(const std::string& host_and_port)>;

/// The look_up_function that asks the operating system (getaddrinfo(3)). Blocks; throws error 503 with the system's reason.
std::vector<std::string> look_up_addresses(const std::string& host_and_port);

/// One look-up of a name for somebody who must not block, and who may go before there is an answer. The system's look-up cannot be
/// interrupted, so it runs on a thread that nobody ever waits for, neither here nor when the process ends. All look-ups of a process
/// together use 32 such threads at most; when all of them hang, further look-ups wait for their turn.
///
/// All functions are for one thread.
class name_look_up {
public:
  /// Called once, on the look-up's thread, and only while the name_look_up lives and has not been cancelled; must not throw, nor use
  /// this object: it posts to a loop. Never empty; the error is 503 and says why.
  using callback = std::function<void(result<std::vector<std::string>>)>;

  name_look_up() = default;
  /// As cancel().
  ~name_look_up() { cancel(); }
  name_look_up& operator=(name_look_up&&) = delete;

  /// Looks `name` up with `f`, which is copied, or with look_up_addresses when it is empty. One that is under way is cancelled.
  void start(std::string name, look_up_function f, callback done);

  /// `done` is not called any more, from the moment that this returns. `f` may run on, so it must not refer to what ends with its owner.
  void cancel() noexcept;

private:
  struct job;
  struct desk;
  std::shared_ptr<job> job_; // with the thread that looks up
};

} // namespace swill
