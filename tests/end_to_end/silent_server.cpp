#include "tests/end_to_end/silent_server.hpp"

#include "libswill/net/websocket/upgrade.hpp"

#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace swill::test {

namespace {

void wait_for_input(int fd) {
  constexpr int patience_ms = 20000;
  pollfd p{fd, POLLIN, 0};
  if (::poll(&p, 1, patience_ms) <= 0) throw std::runtime_error("nothing comes from the client");
}

std::uint64_t number(const std::string& big_endian) {
  std::uint64_t n = 0;
  for (const char c : big_endian) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

} // namespace

silent_server::silent_server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  auto* address = reinterpret_cast<sockaddr*>(&a);
  if (::bind(listener_, address, size) != 0 || ::listen(listener_, 1) != 0 ||
      ::getsockname(listener_, address, &size) != 0)
    throw std::runtime_error("cannot listen");
  port_ = ntohs(a.sin_port);
}

silent_server::~silent_server() {
  if (fd_ >= 0) ::close(fd_);
  ::close(listener_);
}

std::string silent_server::url() const { return "ws://127.0.0.1:" + std::to_string(port_) + "/ws"; }

void silent_server::accept() {
  wait_for_input(listener_);
  fd_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  while (input_.find("\r\n\r\n") == std::string::npos) need(input_.size() + 1);
  const std::string head = take(input_.find("\r\n\r\n") + 4);
  const std::string name = "Sec-WebSocket-Key: ";
  const auto key = head.find(name) + name.size();
  const std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
      net::websocket::accept_of(head.substr(key, head.find("\r\n", key) - key)) +
      "\r\nSec-WebSocket-Protocol: swill.v1\r\n\r\n";
  if (::send(fd_, answer.data(), answer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answer.size()))
    throw std::runtime_error("the client does not read");
}

silent_server::frame silent_server::read_frame() {
  const std::string head = take(2);
  std::uint64_t size = static_cast<unsigned char>(head[1]) & 0x7fU;
  if (size >= 126) size = number(take(size == 126 ? 2 : 8));
  const std::string mask = take(4);
  frame f{head[0] & 0x0f, take(size)};
  for (std::size_t i = 0; i < size; ++i) f.payload[i] = static_cast<char>(f.payload[i] ^ mask[i % 4]);
  return f;
}

void silent_server::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void silent_server::need(std::size_t n) {
  while (input_.size() < n) {
    wait_for_input(fd_);
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(fd_, chunk.data(), chunk.size());
    if (got <= 0) throw std::runtime_error("the client has gone");
    input_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::string silent_server::take(std::size_t n) {
  need(n);
  std::string taken = input_.substr(0, n);
  input_.erase(0, n);
  return taken;
}

} // namespace swill::test
