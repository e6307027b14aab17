#include "apps/cli/interrupts.hpp"

#include "apps/cli/exit_codes.hpp"

#include <csignal>
#include <ctime>
#include <thread>
#include <utility>

#include <pthread.h>
#include <unistd.h>

namespace swill::cli {

namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

} // namespace

interrupts::interrupts() {
  const sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void interrupts::watch(std::function<void()> f) {
  std::thread([f = std::move(f)] {
    const sigset_t set = ending_signals();
    int which = 0;
    sigwait(&set, &which);
    f();
    const timespec patience{2, 0};
    sigtimedwait(&set, nullptr, &patience);
    ::_exit(static_cast<int>(exit_code::interrupted));
  }).detach();
}

} // namespace swill::cli
