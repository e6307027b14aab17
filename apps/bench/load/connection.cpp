#include "apps/bench/load/connection.hpp"

#include "libswill/net/websocket/upgrade.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace swill::bench {
namespace {

constexpr int patience_ms = 10'000;
constexpr std::size_t buffer_size = 256 * 1024;

// One buffer for all connections: what matters at 10,000 of them is the server's memory, not ours.
char* shared_buffer() {
  static const auto buffer = std::make_unique<char[]>(buffer_size);
  return buffer.get();
}

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void wait_for(int fd, short events) {
  pollfd p{fd, events, 0};
  if (::poll(&p, 1, patience_ms) != 1) throw std::runtime_error("the server did not answer within 10 s");
}

sockaddr_in loopback(std::uint16_t port, unsigned host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  return address;
}

template <class T>
void set_option(int fd, int level, int name, const T& value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

} // namespace

connection::connection(std::uint16_t port, unsigned source, const std::string& tls_authority)
    : connection(begun{}, port, source, tls_authority) {
  open();
}

connection::connection(begun, std::uint16_t port, unsigned source, const std::string& tls_authority)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) throw_errno("socket");
  set_option(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  set_option(fd_, SOL_SOCKET, SO_LINGER, linger{1, 0}); // reset on close: rounds must not use up the ports
  try {
    const auto local = loopback(0, source);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) throw_errno("bind");
    const auto peer = loopback(port, 0);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) throw_errno("connect");
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
    if (!tls_authority.empty()) {
      tls_ = std::make_unique<net::tls_session>(tls_client_options{.authority = tls_authority}, "localhost", "");
      send_encrypted();
    }
    send_handshake(port);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

connection::~connection() {
  if (fd_ >= 0) ::close(fd_);
}

connection::connection(connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), rest_(std::move(other.rest_)), tls_(std::move(other.tls_)) {}

namespace {
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
}

void connection::send_handshake(std::uint16_t port) {
  send("GET /ws HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
       "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + std::string{key} +
       "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: swill.v1, swill/1\r\n\r\n");
}

void connection::open() {
  std::string head;
  std::size_t end = 0;
  while ((end = head.find("\r\n\r\n")) == std::string::npos) {
    wait_readable();
    const auto bytes = read_some();
    if (bytes.data() == nullptr) throw std::runtime_error("the server closed the connection during the handshake");
    head.append(bytes);
  }
  keep(std::string_view(head).substr(end + 4));
  if (!head.starts_with("HTTP/1.1 101") || head.find(net::websocket::accept_of(key)) == std::string::npos ||
      head.find("swill.v1") == std::string::npos) {
    throw std::runtime_error("the handshake failed: " + head.substr(0, head.find("\r\n")));
  }
}

// The handshake, or what was encrypted.
void connection::send_encrypted() {
  while (tls_->waiting() != 0) {
    const auto sent = ::send(fd_, tls_->output().data(), tls_->waiting(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) throw_errno("send");
    if (sent < 0)
      wait_for(fd_, POLLOUT);
    else
      tls_->sent(static_cast<std::size_t>(sent));
  }
}

void connection::wait_readable() const { wait_for(fd_, POLLIN); }

void connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(send_some(bytes));
    if (!bytes.empty()) wait_for(fd_, POLLOUT);
  }
}

std::size_t connection::send_some(std::string_view bytes) {
  if (tls_) {
    while (!tls_->is_open()) {
      wait_readable();
      if (read_some().data() == nullptr) throw std::runtime_error("TLS: " + tls_->failure());
    }
    const std::size_t n = tls_->write(as_bytes(bytes));
    send_encrypted();
    return n;
  }
  const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) throw_errno("send");
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

// Nothing to read yet is an empty view; the end of the connection is a view of nothing.
std::string_view connection::read_some() {
  char* const buffer = shared_buffer();
  const auto kept = rest_.size();
  if (kept > 0) std::memcpy(buffer, rest_.data(), kept);
  rest_.clear();
  // With TLS what is encrypted lies at the end of the buffer, and what it becomes before it.
  char* const to = tls_ ? buffer + buffer_size / 4 * 3 : buffer + kept;
  const auto got = ::recv(fd_, to, tls_ ? buffer_size / 4 : buffer_size - kept, 0);
  if (got == 0 || (got < 0 && errno != EAGAIN)) return {};
  if (tls_) {
    tls_->feed(as_bytes({to, static_cast<std::size_t>(std::max<ssize_t>(got, 0))}));
    const auto plain = tls_->read(reinterpret_cast<std::byte*>(buffer + kept), buffer_size / 4 * 3 - kept);
    send_encrypted();
    if (tls_->now() == net::tls_session::state::failed) return {};
    return {buffer, kept + plain};
  }
  return {buffer, kept + (got > 0 ? static_cast<std::size_t>(got) : 0)};
}

void connection::keep(std::string_view rest) { rest_.assign(rest); }

bool connection::control(net::websocket::opcode op, std::string_view payload) {
  if (op == net::websocket::opcode::pong) return true;
  if (op != net::websocket::opcode::ping) return false;
  std::string pong{'\x8a', static_cast<char>(0x80 | payload.size()), 0, 0, 0, 0};
  send(pong.append(payload));
  return true;
}

} // namespace swill::bench
