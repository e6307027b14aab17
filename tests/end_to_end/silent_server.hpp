#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace swill::test {

/// Takes one connection, agrees to the upgrade, and then only listens: no answer, no pong, no half of a close handshake. Blocking; every
/// wait has a limit of 20 seconds, after which it throws std::runtime_error.
class silent_server {
public:
  silent_server();
  ~silent_server();
  silent_server(const silent_server&) = delete;
  silent_server& operator=(const silent_server&) = delete;

  std::string url() const;
  /// Waits for a client, and upgrades it.
  void accept();

  struct frame {
    int op = 0;
    std::string payload;
  };
  /// What the client sends next.
  frame read_frame();
  /// Breaks its silence: sends these, whatever they are, as long as the client takes them.
  void write(std::string_view bytes);

private:
  void need(std::size_t n);
  std::string take(std::size_t n);

  int listener_ = -1;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::string input_;
};

} // namespace swill::test
