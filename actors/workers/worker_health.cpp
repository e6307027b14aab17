#include "actors/workers/worker_health.hpp"

#include "actors/workers/worker.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>

namespace swill {

namespace {

struct socket_name {
  sockaddr_un address{};
  socklen_t size = 0;
};

/// An abstract name begins with a zero, and needs no other at its end.
socket_name name_of(const std::string& name) {
  socket_name out;
  out.address.sun_family = AF_UNIX;
  if (name.empty() || name.size() >= sizeof out.address.sun_path)
    throw std::invalid_argument("the name of a worker's health has 1 to 107 bytes: " + name);
  std::memcpy(out.address.sun_path + 1, name.data(), name.size());
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return out;
}

std::string last_error() { return std::generic_category().message(errno); }

} // namespace

worker_health ask_worker(const std::string& health_name, std::chrono::milliseconds timeout) {
  using std::chrono::steady_clock;
  const socket_name to = name_of(health_name);
  const auto until = steady_clock::now() + timeout;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {false, last_error()};
  const auto patience_for = [&](int what) {
    const auto left = std::max(std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count(), 1L);
    timeval t{};
    t.tv_sec = left / 1000;
    t.tv_usec = left % 1000 * 1000;
    ::setsockopt(fd, SOL_SOCKET, what, &t, sizeof t);
  };
  worker_health out;
  patience_for(SO_SNDTIMEO); // connect(2) waits while many ask
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to.address), to.size) != 0) {
    out.text = "no worker answers to \"" + health_name + "\": " + last_error();
    ::close(fd);
    return out;
  }
  std::array<char, 512> in{};
  ssize_t n = 1;
  while (n > 0 && out.text.size() < in.size() && steady_clock::now() < until) {
    patience_for(SO_RCVTIMEO);
    n = ::recv(fd, in.data(), in.size(), 0);
    if (n > 0) out.text.append(in.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  out.is_serving = n == 0 && out.text.starts_with("ok: ");
  if (n != 0) out.text = "the worker does not answer in time";
  return out;
}

namespace actors::workers {

health_socket::health_socket(const std::string& name, std::function<std::string()> answer)
    : answer_(std::move(answer)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  const socket_name at = name_of(name);
  if (listener_ < 0 || ::bind(listener_, reinterpret_cast<const sockaddr*>(&at.address), at.size) != 0 ||
      ::listen(listener_, 16) != 0) {
    const int why = errno;
    if (listener_ >= 0) ::close(listener_);
    throw std::system_error(why, std::generic_category(), name);
  }
  thread_ = std::thread{[this] { run(); }};
}

health_socket::~health_socket() {
  stopping_.ring();
  thread_.join();
  ::close(listener_);
}

void health_socket::run() {
  while (true) {
    std::array<pollfd, 2> p{{{listener_, POLLIN, 0}, {stopping_.fd(), POLLIN, 0}}};
    if (::poll(p.data(), p.size(), -1) < 0) continue;
    if (p[1].revents != 0) return;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno != EAGAIN && errno != ECONNABORTED) ::poll(&p[1], 1, 100); // no descriptors: they come back
      continue;
    }
    const std::string text = answer_();
    ::send(fd, text.data(), text.size(), MSG_NOSIGNAL); // one line: it fits
    ::close(fd);
  }
}

} // namespace actors::workers
} // namespace swill
