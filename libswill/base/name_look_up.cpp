#include "libswill/base/name_look_up.hpp"

#include <csignal>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>

namespace swill {

namespace {

/// Threads for look-ups, of the whole process. Each that waits for a name server costs some 20 KiB.
constexpr std::size_t most_threads = 32;

error no_address(const std::string& why) { return errors::unavailable("no address: " + why); }

} // namespace

std::vector<std::string> look_up_addresses(const std::string& name) {
  const auto parts = split_host_and_port(name);
  if (!parts) throw no_address("its brackets are none");
  const std::string host{parts->host};
  const std::string port{parts->port.value_or("")};

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int e = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); e != 0) throw no_address(::gai_strerror(e));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  std::vector<std::string> out;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      out.push_back(host_and_port(text, port));
  }
  return out;
}

/// Shared by who waits and the thread that looks up.
struct name_look_up::job {
  std::string name;
  look_up_function look_up;
  std::mutex mutex; ///< guards `done`, and is held while that runs, so that cancel() waits for it
  callback done;

  void run() noexcept {
    result<std::vector<std::string>> answer = no_address("the name has none");
    try {
      std::vector<std::string> found = look_up ? look_up(name) : look_up_addresses(name);
      if (!found.empty()) answer = std::move(found);
    } catch (const error& e) {
      answer = e;
    } catch (const std::exception& e) {
      answer = no_address(e.what());
    } catch (...) {
      answer = no_address("the look-up failed");
    }
    tell(std::move(answer));
  }
  void tell(result<std::vector<std::string>> answer) noexcept {
    const std::lock_guard lock{mutex};
    if (const callback f = std::exchange(done, nullptr)) f(std::move(answer));
  }
};

/// The threads of the process, and who waits for one.
struct name_look_up::desk {
  std::mutex mutex;
  std::size_t threads = 0;
  std::deque<std::shared_ptr<job>> waiting;

  /// Never destroyed: a thread that hangs may outlive everything else in the process.
  static desk& get() {
    static auto& only = *new desk;
    return only;
  }

  void take(const std::shared_ptr<job>& j) {
    {
      const std::lock_guard lock{mutex};
      if (threads == most_threads) return waiting.push_back(j);
      ++threads;
    }
    // The process' signals are for its other threads.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread{[this, j] { serve(j); }}.detach();
    } catch (const std::system_error& e) {
      {
        const std::lock_guard lock{mutex};
        --threads;
      }
      j->tell(no_address(e.what()));
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void serve(std::shared_ptr<job> j) noexcept {
    for (;;) {
      j->run();
      j.reset();
      const std::lock_guard lock{mutex};
      if (waiting.empty()) {
        --threads;
        return;
      }
      j = std::move(waiting.front());
      waiting.pop_front();
    }
  }

  void forget(const std::shared_ptr<job>& j) noexcept {
    const std::lock_guard lock{mutex};
    std::erase(waiting, j);
  }
};

void name_look_up::start(std::string name, look_up_function f, callback done) {
  cancel();
  job_ = std::make_shared<job>();
  job_->name = std::move(name);
  job_->look_up = std::move(f);
  job_->done = std::move(done);
  desk::get().take(job_);
}

void name_look_up::cancel() noexcept {
  if (!job_) return;
  const auto gone = std::exchange(job_, nullptr);
  {
    const std::lock_guard lock{gone->mutex};
    gone->done = nullptr;
  }
  desk::get().forget(gone);
}

} // namespace swill
