#include "tests/chaos/forwarder.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace swill::chaos {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(port);
  return a;
}

void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

} // namespace

forwarder::forwarder(std::uint16_t target)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), target_(target) {
  sockaddr_in a = loopback(0);
  socklen_t size = sizeof a;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&a), size) != 0 || ::listen(listener_, 64) != 0)
    throw std::runtime_error("no port to forward");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &size);
  port_ = ntohs(a.sin_port);
  thread_ = std::thread{[this] { run(); }};
}

forwarder::~forwarder() {
  stop_ = true;
  thread_.join();
  for (const pair& p : pairs_) {
    ::close(p.near);
    ::close(p.far);
  }
  ::close(listener_);
}

void forwarder::run() {
  while (!stop_) {
    std::vector<pollfd> all{{listener_, POLLIN, 0}};
    for (const pair& p : pairs_) {
      all.push_back({p.near, POLLIN, 0});
      all.push_back({p.far, POLLIN, 0});
    }
    if (::poll(all.data(), all.size(), 20) <= 0) continue;
    for (std::size_t i = pairs_.size(); i-- != 0;) {
      const pair p = pairs_[i];
      const bool alive =
          (all[1 + 2 * i].revents == 0 || pass(p.near, p.far)) && (all[2 + 2 * i].revents == 0 || pass(p.far, p.near));
      if (alive) continue;
      ::close(p.near);
      ::close(p.far);
      pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (all[0].revents != 0) accept_one();
  }
}

void forwarder::accept_one() {
  const int near = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (near < 0) return;
  const int far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in a = loopback(target_);
  if (::connect(far, reinterpret_cast<const sockaddr*>(&a), sizeof a) != 0) {
    ::close(near);
    ::close(far);
    return;
  }
  send_at_once(near);
  send_at_once(far);
  pairs_.push_back({near, far});
}

/// Blocks while the receiver takes nothing, which suits a test.
bool forwarder::pass(int from, int to) {
  char some[64 * 1024];
  const ssize_t n = ::recv(from, some, sizeof some, 0);
  if (n <= 0) return false;
  for (ssize_t sent = 0; sent < n;) {
    const ssize_t k = ::send(to, some + sent, static_cast<std::size_t>(n - sent), MSG_NOSIGNAL);
    if (k <= 0) return false;
    sent += k;
  }
  return true;
}

} // namespace swill::chaos
