#pragma once

#include "tests/chaos/scale.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Many clients that nobody invited: each plays one trick on a gateway for as long as it is let, and comes back when it is turned out.

namespace swill::chaos {

/// What one stranger does. All of it on the thread of its crowd.
struct trick {
  std::string name;
  /// Sent once after the handshake; `number` is of the stranger.
  std::function<std::string(std::size_t number)> opening{};
  /// Sent again and again after that, whenever the socket takes more; empty: nothing. `round` counts up.
  std::function<std::string(std::size_t number, std::size_t round)> then{};
  /// Bytes that it reads in a second: 0 none, everything otherwise when it is `all`.
  std::size_t reads = 0;
  /// Rounds that it waits with until the answers to the one before have come: bytes of any answer count.
  bool waits_for_answers = false;
  /// After so many rounds it closes its socket and connects anew; 0: never.
  std::size_t leaves_after = 0;

  static constexpr std::size_t all = SIZE_MAX;
};

/// One binary message of a client, masked, in one frame.
std::string message_frame(std::string_view message);
/// A whole request envelope in such a frame.
std::string request_frame(std::uint64_t seq, std::string_view rpc, std::string_view data, int type = 0);

/// Strangers on one thread, which is the least important of this machine: `count` for each of the tricks.
class crowd {
public:
  /// Of a gateway at 127.0.0.1 and this port.
  crowd(std::uint16_t port, const std::vector<trick>& tricks, std::size_t count);
  ~crowd();
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;

  /// Handshakes that were answered with 101, by the name of the trick.
  std::map<std::string, std::size_t> welcomed() const;
  /// Rounds that were sent, in the same way.
  std::map<std::string, std::size_t> rounds() const;
  /// Connections that the gateway has ended.
  std::size_t turned_out() const noexcept { return turned_out_; }

private:
  struct stranger;
  struct part {
    trick what;
    std::atomic<std::size_t> welcomed{0};
    std::atomic<std::size_t> rounds{0};
  };

  void run();
  void connect(stranger& s);
  void turn(stranger& s);
  bool write(stranger& s);
  bool read(stranger& s);
  void end(stranger& s);

  std::uint16_t port_;
  std::vector<std::unique_ptr<part>> parts_;
  std::vector<std::unique_ptr<stranger>> strangers_;
  std::atomic<std::size_t> turned_out_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

} // namespace swill::chaos
