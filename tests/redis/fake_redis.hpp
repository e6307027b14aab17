#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <charconv>
#include <functional>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace swill::test {

/// What answers to a Redis client with whatever bytes the test wants. One connection after another, on a thread of its own.
class fake_redis {
public:
  using words = std::vector<std::string>;
  /// The bytes that answer a command, on the fake's thread. PING is answered already.
  explicit fake_redis(std::function<std::string(const words&)> answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof a;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&a), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &size);
    port_ = ntohs(a.sin_port);
    thread_ = std::thread{[this] { run(); }};
  }
  ~fake_redis() {
    stop_ = true;
    thread_.join();
    ::close(listener_);
  }
  fake_redis(const fake_redis&) = delete;
  std::string address() const { return "redis://127.0.0.1:" + std::to_string(port_); }

private:
  static bool is_ready(int fd) {
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, 10) == 1;
  }
  void run() {
    while (!stop_) {
      if (!is_ready(listener_)) continue;
      const int s = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      serve(s);
      ::close(s);
    }
  }
  void serve(int s) {
    std::string in;
    char some[4096];
    while (!stop_) {
      for (words w = take_command(in); !w.empty(); w = take_command(in)) {
        const std::string out = w[0] == "PING" ? "+PONG\r\n" : answer_(w);
        for (std::size_t sent = 0; sent < out.size();) {
          const ssize_t n = ::send(s, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
          if (n <= 0) return;
          sent += static_cast<std::size_t>(n);
        }
      }
      if (!is_ready(s)) continue;
      const ssize_t n = ::recv(s, some, sizeof some, 0);
      if (n <= 0) return;
      in.append(some, static_cast<std::size_t>(n));
    }
  }
  /// The first command of `in`, which is cut off it; empty when it is not whole.
  static words take_command(std::string& in) {
    std::size_t at = 0;
    const auto number = [&]() -> std::size_t {
      const std::size_t end = in.find("\r\n", at);
      if (end == std::string::npos) return std::string::npos;
      std::size_t n = 0;
      std::from_chars(in.data() + at + 1, in.data() + end, n);
      at = end + 2;
      return n;
    };
    words w;
    const std::size_t count = number();
    if (count == std::string::npos) return {};
    while (w.size() < count) {
      const std::size_t size = number();
      if (size == std::string::npos || in.size() < at + size + 2) return {};
      w.push_back(in.substr(at, size));
      at += size + 2;
    }
    in.erase(0, at);
    return w;
  }

  std::function<std::string(const words&)> answer_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

} // namespace swill::test
