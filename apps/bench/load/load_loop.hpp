#pragma once

#include "apps/bench/load/client.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace swill::bench {

/// Runs any number of clients on the calling thread, over epoll.
class load_loop {
public:
  load_loop();
  ~load_loop();
  load_loop& operator=(load_loop&&) = delete;

  /// Takes the client in without starting it.
  template <class Client, class... Args>
  Client& add(Args&&... args) {
    auto c = std::make_unique<Client>(std::forward<Args>(args)...);
    auto& borrowed = *c;
    watch(std::move(c));
    return borrowed;
  }

  void start_all();

  void run_for(std::chrono::nanoseconds duration);
  /// Until `done` is true; throws std::runtime_error when that takes two minutes, or when a connection is lost.
  void run_until(const std::function<bool()>& done);
  /// Until no client has anything open.
  void run_until_idle();

private:
  void watch(std::unique_ptr<client> c);
  void turn(int timeout_ms);
  void update(client& c);

  int epoll_ = -1;
  std::vector<std::unique_ptr<client>> clients_;
  std::vector<client*> writers_; // those whose EPOLLOUT is on
};

} // namespace swill::bench
