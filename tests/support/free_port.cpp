#include "tests/support/free_port.hpp"

#include <arpa/inet.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace swill::test {

std::uint16_t free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  auto* address = reinterpret_cast<sockaddr*>(&a);
  const bool good = ::bind(s, address, size) == 0 && ::getsockname(s, address, &size) == 0;
  ::close(s);
  if (!good) throw std::runtime_error("no free port");
  return ntohs(a.sin_port);
}

} // namespace swill::test
