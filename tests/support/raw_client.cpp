#include "tests/support/raw_client.hpp"

#include "libswill/net/address.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace swill::test {

namespace {

int connect_to(const net::listen_address& where) {
  sockaddr_storage any{};
  socklen_t size = 0;
  if (where.is_unix()) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    where.unix_path.copy(a.sun_path, sizeof a.sun_path - 1);
    std::memcpy(&any, &a, size = sizeof a);
  } else if (where.v6) {
    sockaddr_in6 a{};
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(where.port);
    ::inet_pton(AF_INET6, where.host.c_str(), &a.sin6_addr);
    std::memcpy(&any, &a, size = sizeof a);
  } else {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(where.port);
    ::inet_pton(AF_INET, where.host.c_str(), &a.sin_addr);
    std::memcpy(&any, &a, size = sizeof a);
  }
  const int fd = ::socket(any.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&any), size) != 0) {
    const std::string what = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    throw std::runtime_error("connect to " + where.text() + ": " + what);
  }
  const int on = 1;
  if (!where.is_unix()) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

} // namespace

raw_client::raw_client(const std::string& address, std::chrono::milliseconds patience)
    : fd_(connect_to(net::listen_address::parse(address))), patience_(patience) {}

raw_client::raw_client(raw_client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      patience_(other.patience_),
      input_(std::move(other.input_)),
      tls_(std::move(other.tls_)) {}

raw_client::~raw_client() {
  if (fd_ >= 0) ::close(fd_);
}

std::string raw_client::upgrade_request(const upgrade_options& o) {
  std::string r = "GET " + o.path +
                  " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  if (!o.subprotocol.empty()) r += "Sec-WebSocket-Protocol: " + o.subprotocol + "\r\n";
  return r + o.more_headers + "\r\n" + o.with;
}

raw_client::response raw_client::upgrade(const upgrade_options& o) {
  send(upgrade_request(o));
  return read_response();
}

std::string raw_client::response::header(std::string_view name) const {
  const auto at = head.find("\r\n" + std::string{name} + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + 2 + name.size() + 2;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

raw_client::response raw_client::read_response() {
  response r = read_response_head();
  if (const std::string length = r.header("Content-Length"); !length.empty()) r.body = read_body(std::stoul(length));
  return r;
}

raw_client::response raw_client::read_response_head() {
  while (input_.find("\r\n\r\n") == std::string::npos) need(input_.size() + 1);
  response r;
  r.head = input_.substr(0, input_.find("\r\n\r\n") + 2);
  input_.erase(0, r.head.size() + 2);
  r.status = std::stoi(r.head.substr(9, 3));
  return r;
}

std::string raw_client::read_body(std::size_t size) {
  need(size);
  std::string body = input_.substr(0, size);
  input_.erase(0, size);
  return body;
}

std::string raw_client::encode(int op, std::string_view payload, bool fin, std::uint32_t mask, int rsv) {
  std::string f;
  f += static_cast<char>((fin ? 0x80 : 0) | rsv << 4 | op);
  const std::uint64_t n = payload.size();
  const int extra = n < 126 ? 0 : n < 65536 ? 2 : 8;
  f += static_cast<char>(0x80 | (extra == 0 ? static_cast<int>(n) : extra == 2 ? 126 : 127));
  for (int i = extra - 1; i >= 0; --i) f += static_cast<char>(n >> (8 * i));
  std::string key;
  for (int i = 3; i >= 0; --i) key += static_cast<char>(mask >> (8 * i));
  f += key;
  for (std::size_t i = 0; i < n; ++i) f += static_cast<char>(payload[i] ^ key[i % 4]);
  return f;
}

std::string raw_client::close_payload(int code, std::string_view reason) {
  std::string p;
  p += static_cast<char>(code >> 8);
  p += static_cast<char>(code);
  p += reason;
  return p;
}

int raw_client::frame::close_code() const {
  if (payload.size() < 2) return 1005;
  return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
}

void raw_client::secure(const tls_line::options& o) {
  tls_ = std::make_unique<tls_line>(o);
  send_what_waits();
  while (!tls_->is_open())
    if (!receive()) throw std::runtime_error("the server ended TCP while hands were shaken");
}

void raw_client::send_what_waits() { send_ciphertext(tls_->take()); }

void raw_client::send(std::string_view bytes) {
  if (!tls_) return send_ciphertext(bytes);
  tls_->write(bytes);
  send_what_waits();
}

void raw_client::send_ciphertext(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd p{fd_, POLLOUT, 0};
    if (::poll(&p, 1, static_cast<int>(patience_.count())) == 0) throw std::runtime_error("timeout while sending");
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) throw std::runtime_error(std::string{"send: "} + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// False at the end of TCP.
bool raw_client::receive() {
  pollfd p{fd_, POLLIN, 0};
  if (::poll(&p, 1, static_cast<int>(patience_.count())) == 0) throw std::runtime_error("timeout while receiving");
  char chunk[65536];
  const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
  if (n <= 0) return false;
  const std::string_view came{chunk, static_cast<std::size_t>(n)};
  if (tls_) {
    tls_->feed(came);
    send_what_waits();
    input_ += tls_->read();
  } else {
    input_ += came;
  }
  return true;
}

void raw_client::need(std::size_t n) {
  while (input_.size() < n)
    if (!receive()) throw std::runtime_error("the server ended TCP");
}

raw_client::frame raw_client::read_frame() {
  const auto at = [this](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(input_[i])); };
  need(2);
  frame f;
  f.fin = (at(0) & 0x80) != 0;
  f.op = static_cast<int>(at(0) & 0x0f);
  std::uint64_t length = at(1);
  const std::size_t extra = length < 126 ? 0 : length == 126 ? 2 : 8;
  need(2 + extra);
  if (extra != 0) length = 0;
  for (std::size_t i = 0; i < extra; ++i) length = length << 8 | at(2 + i);
  need(2 + extra + length);
  f.payload = input_.substr(2 + extra, length);
  input_.erase(0, 2 + extra + length);
  return f;
}

std::string raw_client::read_message() {
  const frame f = read_frame();
  if (f.op != 2 || !f.fin) throw std::runtime_error("expected a binary message, got opcode " + std::to_string(f.op));
  return f.payload;
}

bool raw_client::at_end() {
  while (input_.empty())
    if (!receive()) return true;
  return false;
}

void raw_client::shut_down_sending() { ::shutdown(fd_, SHUT_WR); }

void raw_client::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

} // namespace swill::test
