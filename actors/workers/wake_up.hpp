#pragma once

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace swill::actors::workers {

/// Ends the wait of a thread in poll(2), once and for all, from any thread.
class wake_up {
public:
  wake_up() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~wake_up() { ::close(fd_); }
  wake_up& operator=(wake_up&&) = delete;

  void ring() noexcept { ::eventfd_write(fd_, 1); }
  /// Readable from ring() on.
  int fd() const noexcept { return fd_; }

private:
  int fd_;
};

} // namespace swill::actors::workers
