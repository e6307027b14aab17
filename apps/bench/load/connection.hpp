#pragma once

#include "libswill/net/detail/tls_session.hpp"
#include "libswill/net/websocket/frame.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace swill::bench {

/// One WebSocket to the server on 127.0.0.1. Connecting and the handshake block, with a time limit; after
/// that the socket is non-blocking. Failures throw std::runtime_error.
class connection {
public:
  /// Connected, and the handshake is under way: open() comes next. So many can be opened at the same time.
  struct begun {};
  connection(begun, std::uint16_t port, unsigned source = 0, const std::string& tls_authority = {});
  void open();
  /// `source` picks the local address 127.0.0.(1 + source): each has its own range of ports. `tls_authority`: file of whose
  /// certificate the server shows; empty: without TLS.
  explicit connection(std::uint16_t port, unsigned source = 0, const std::string& tls_authority = {});
  ~connection();
  connection(connection&& other) noexcept;

  int fd() const noexcept { return fd_; }

  /// Reads once and calls f(std::string_view payload) for each complete binary message.
  /// Returns false when the server has closed the connection.
  template <class F>
  bool receive(F&& f) {
    auto bytes = read_some();
    if (bytes.data() == nullptr) return false;
    for (;;) {
      const auto header = net::websocket::read_header(as_bytes(bytes));
      if (header.size == 0 || bytes.size() - header.size < header.payload) break;
      const auto payload = bytes.substr(header.size, header.payload);
      if (header.first == whole_binary) [[likely]] {
        f(payload);
      } else if (!control(static_cast<net::websocket::opcode>(header.op()), payload)) {
        return false;
      }
      bytes.remove_prefix(header.size + payload.size());
    }
    keep(bytes);
    return true;
  }

  /// Writes all of it, waiting for room where it must.
  void send(std::string_view bytes);
  /// Writes what fits now and returns how much that was.
  std::size_t send_some(std::string_view bytes);

  /// Blocks until the socket is readable.
  void wait_readable() const;

private:
  static constexpr std::uint8_t whole_binary = 0x82; // FIN, and the opcode of a binary message

  void send_handshake(std::uint16_t port);
  std::string_view read_some();
  void send_encrypted();
  void keep(std::string_view rest);
  bool control(net::websocket::opcode op, std::string_view payload);

  int fd_ = -1;
  std::string rest_; // the beginning of a frame whose end has not come
  std::unique_ptr<net::tls_session> tls_;
};

} // namespace swill::bench
