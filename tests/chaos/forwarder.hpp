#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace swill::chaos {

/// A loopback port that stands for another, as a name does: move() makes it stand for a third. Connections that are open stay where they are.
class forwarder {
public:
  explicit forwarder(std::uint16_t target);
  /// Ends every connection.
  ~forwarder();
  forwarder(const forwarder&) = delete;
  forwarder& operator=(const forwarder&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  void move(std::uint16_t target) noexcept { target_ = target; }

private:
  struct pair {
    int near;
    int far;
  };
  void run();
  void accept_one();
  static bool pass(int from, int to);

  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint16_t> target_;
  std::atomic<bool> stop_{false};
  std::vector<pair> pairs_; ///< the thread's
  std::thread thread_;
};

} // namespace swill::chaos
