#include "actors/workers/dial.hpp"

#include <array>
#include <cerrno>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace swill::actors::workers {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

error failed(std::string why) { return {error_code::unavailable, std::move(why)}; }

/// Until the socket is ready, the time is over, or somebody rings: true for the first.
bool wait_for(int fd, short events, clock_time until, const wake_up& cancelled) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    std::array<pollfd, 2> p{{{fd, events, 0}, {cancelled.fd(), POLLIN, 0}}};
    const int n = ::poll(p.data(), p.size(), static_cast<int>(std::max(milliseconds{0}, left).count()));
    if (n < 0 && errno == EINTR) continue;
    return n > 0 && p[1].revents == 0;
  }
}

result<int> connect_socket(const host_and_port& to, clock_time until, const wake_up& cancelled) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV; // names were looked up before
  addrinfo* found = nullptr;
  if (const int e = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found); e != 0)
    return failed(::gai_strerror(e));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  const int fd = ::socket(found->ai_family, found->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, found->ai_protocol);
  if (fd < 0) return failed(std::generic_category().message(errno));
  int status = ::connect(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  if (status == EINPROGRESS) {
    status = ETIMEDOUT;
    socklen_t size = sizeof status;
    if (wait_for(fd, POLLOUT, until, cancelled)) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &size);
  }
  if (status == 0) return fd;
  ::close(fd);
  return failed(std::generic_category().message(status));
}

} // namespace

result<dialled> dial(const host_and_port& to, const std::string& secret, link_certificates* certificates,
                     milliseconds timeout, const wake_up& cancelled) {
  const clock_time until = steady_clock::now() + timeout;
  const auto fd = connect_socket(to, until, cancelled);
  if (!fd) return fd.error();
  admission a{*fd, introduction::side::worker, certificates, secret};
  while (true) {
    const io_result r = a.advance();
    if (r == io_result::failed) return failed(a.failure());
    if (r == io_result::done) return dialled{a.take_socket(), a.keys()};
    if (!wait_for(a.fd(), r == io_result::wants_read ? POLLIN : POLLOUT, until, cancelled))
      return failed("the gateway does not answer the introduction");
  }
}

} // namespace swill::actors::workers
