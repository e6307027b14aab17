#pragma once

#include <csignal>
#include <string>
#include <sys/types.h>

namespace swill::worker_tests {

/// This test program once more, as a worker in a process of its own (worker_process.cpp); killed at the end, whatever state it is in.
class worker_process {
public:
  /// `gateways`: their addresses, with commas between; `kind`: which handlers it serves.
  worker_process(const std::string& gateways, const std::string& name, const std::string& kind = "all");
  ~worker_process();
  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;

  void send(int signal) const { ::kill(pid_, signal); }
  /// Waits until it has ended; its exit code, or minus the signal that ended it.
  int wait();
  /// Bytes of memory that it has in use.
  std::size_t memory() const;

private:
  pid_t pid_ = -1;
};

/// Bytes of memory that a process has in use.
std::size_t memory_of(pid_t process);

} // namespace swill::worker_tests
